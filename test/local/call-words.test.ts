import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { callWords } from "../../src/cli/call-words.ts";
import { temporaryFolder } from "./support/folders.ts";

/** A file system in which the program lies in a package folder and a Node beside it. */
async function installation(): Promise<{ root: string; script: string; node: string; bin: string; npmBin: string }> {
  const root = await temporaryFolder();
  const script = path.join(root, "package", "bin", "run.js");
  const node = path.join(root, "node-24", "node");
  const bin = path.join(root, "bin");
  const npmBin = path.join(root, "package", "node_modules", ".bin");
  for (const folder of [path.dirname(script), path.dirname(node), bin, npmBin])
    await mkdir(folder, { recursive: true });
  for (const file of [script, node]) {
    await writeFile(file, "");
    await chmod(file, 0o755);
  }
  return { root, script, node, bin, npmBin };
}

test("a program that PATH leads to is called by its name", async () => {
  const { root, script, node, bin } = await installation();
  await symlink(script, path.join(bin, "durable-streams"));
  expect(callWords({ env: { PATH: bin }, script: path.join(bin, "durable-streams"), node, cwd: root })).toBe(
    "durable-streams",
  );
});

test("what only npm's own PATH leads to is not called by its name, since another terminal does not find it", async () => {
  const { root, script, node, npmBin } = await installation();
  await symlink(script, path.join(npmBin, "durable-streams"));
  await symlink(node, path.join(npmBin, "node"));
  expect(callWords({ env: { PATH: npmBin }, script, node, cwd: root })).toBe("node-24/node package/bin/run.js");
});

test("in a clone the script is named from the current folder, and node by its name where that is the same", async () => {
  const { root, script, node, bin } = await installation();
  await symlink(node, path.join(bin, "node"));
  expect(callWords({ env: { PATH: bin }, script, node, cwd: path.join(root, "package") })).toBe("node bin/run.js");
});

test("in a clone with its dependencies npx leads to the program, from its folders and from nowhere else", async () => {
  const { root, script, node, bin, npmBin } = await installation();
  const clone = path.join(root, "package");
  await writeFile(path.join(clone, "package.json"), JSON.stringify({ name: "durable-streams" }));
  await symlink(node, path.join(npmBin, "node"));
  const called = (cwd: string): string => callWords({ env: { PATH: bin }, script, node, cwd });
  expect(called(clone)).toBe("npx durable-streams");
  expect(called(path.join(clone, "bin"))).toBe("npx durable-streams");
  expect(called(root)).toBe("node-24/node package/bin/run.js");
});

test("a clone is not called through npx when that would run it with another Node", async () => {
  const { root, script, node, bin } = await installation();
  const clone = path.join(root, "package");
  await writeFile(path.join(clone, "package.json"), JSON.stringify({ name: "durable-streams" }));
  await writeFile(path.join(bin, "node"), "");
  expect(callWords({ env: { PATH: bin }, script, node, cwd: clone })).toBe(`${node} bin/run.js`);
});

test("another program of the same name earlier on PATH is not taken for this one", async () => {
  const { root, script, node, bin } = await installation();
  await writeFile(path.join(bin, "durable-streams"), "");
  await symlink(node, path.join(bin, "node"));
  expect(callWords({ env: { PATH: bin }, script, node, cwd: root })).toBe("node package/bin/run.js");
});

test("what is installed is called through npx from its folder and those below, and from nowhere else", async () => {
  const { root, script, node, bin, npmBin } = await installation();
  const link = path.join(npmBin, "durable-streams");
  await symlink(script, link);
  await symlink(node, path.join(bin, "node"));
  const folder = path.join(root, "package");
  const below = path.join(folder, "own");
  await mkdir(below);
  await writeFile(path.join(below, "package.json"), "{}");
  const called = (cwd: string): string => callWords({ env: { PATH: bin }, script: link, node, cwd });
  expect(called(folder)).toBe("npx durable-streams");
  expect(called(below)).toBe("npx durable-streams");
  expect(called(root)).toBe("node package/node_modules/.bin/durable-streams");
});

test("what is installed is not called through npx when that would run it with another Node", async () => {
  const { root, script, node, npmBin } = await installation();
  const link = path.join(npmBin, "durable-streams");
  await symlink(script, link);
  const folder = path.join(root, "package");
  expect(callWords({ env: {}, script: link, node, cwd: folder })).toBe(`${node} node_modules/.bin/durable-streams`);
  expect(callWords({ env: { npm_command: "exec" }, script: link, node, cwd: folder })).toBe("npx durable-streams");
});

test.for([
  ["by its name is called so again", "^0.1.0", "npx durable-streams"],
  ["from a file is called where it lies", "file:../../it.tgz", undefined],
] as const)("what npx has fetched %s", async ([, spec, expected]) => {
  const { root, node, bin } = await installation();
  await symlink(node, path.join(bin, "node"));
  const fetched = path.join(root, "_npx", "0123456789abcdef");
  const script = path.join(fetched, "node_modules", "durable-streams", "bin", "run.js");
  await mkdir(path.dirname(script), { recursive: true });
  await writeFile(script, "");
  await writeFile(path.join(fetched, "package.json"), JSON.stringify({ dependencies: { "durable-streams": spec } }));
  const words = callWords({ env: { PATH: bin, npm_command: "exec" }, script, node, cwd: bin });
  expect(words).toBe(expected ?? `node ${script}`);
});

test("a package inside a clone has the clone named to npx, which would look among its own dependencies", async () => {
  const { root, script, node, npmBin } = await installation();
  const clone = path.join(root, "package");
  const inside = path.join(clone, "own");
  await mkdir(inside);
  await symlink(node, path.join(npmBin, "node"));
  await writeFile(path.join(clone, "package.json"), JSON.stringify({ name: "durable-streams" }));
  await writeFile(path.join(inside, "package.json"), "{}");
  expect(callWords({ env: {}, script, node, cwd: inside })).toBe("npx --prefix .. durable-streams");
});

test("a path with blanks and quotes survives the shell", () => {
  const words = callWords({ env: {}, script: "/it's here/run.js", node: "/opt/node", cwd: "/" });
  expect(words).toBe(String.raw`opt/node 'it'\''s here/run.js'`);
});

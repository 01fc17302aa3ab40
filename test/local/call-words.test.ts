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
  expect(callWords({ env: { PATH: npmBin }, script, node, cwd: path.join(root, "package") })).toBe(
    `${node} bin/run.js`,
  );
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

test("what npm has installed is called through npx", async () => {
  const { root, script, node, npmBin } = await installation();
  const link = path.join(npmBin, "durable-streams");
  await symlink(script, link);
  expect(callWords({ env: { PATH: npmBin }, script: link, node, cwd: root })).toBe("npx durable-streams");
});

test("a path with blanks and quotes survives the shell", () => {
  const words = callWords({ env: {}, script: "/it's here/run.js", node: "/opt/node", cwd: "/" });
  expect(words).toBe(String.raw`opt/node 'it'\''s here/run.js'`);
});

import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

const main = `import { used } from "./used.ts";\n\nused();\n`;
const used = "export const used = (): number => 1;\n";

async function unused(files: Readonly<Record<string, string>>, dependencies: Record<string, string> = {}) {
  const manifest = { name: "planted", type: "module", dependencies, devDependencies: { typescript: "*" } };
  const tree = await plantTree(
    { "package.json": JSON.stringify(manifest), "src/cli/main.ts": main, "src/cli/used.ts": used, ...files },
    ["knip.json", "tsconfig.base.json"],
  );
  return run("knip --no-config-hints --exclude unlisted,devDependencies", { cwd: tree });
}

test("unused: a tree in which everything is used passes", async () => {
  const { code, output } = await unused({});
  expect(output).toBe("");
  expect(code).toBe(0);
});

test("unused: a planted file, export and dependency are found", async () => {
  const files = {
    "src/client/forgotten.ts": "export {};\n",
    "src/cli/used.ts": `${used}export const neverAsked = 2;\n`,
  };
  const { code, output } = await unused(files, { undici: "*" });
  expect(output).toContain("src/client/forgotten.ts");
  expect(output).toContain("neverAsked");
  expect(output).toMatch(/Unused dependencies[^]*undici/);
  expect(code).toBe(1);
});

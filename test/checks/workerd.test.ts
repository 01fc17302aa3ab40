import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

test("workerd: there is exactly one in the tree, and one miniflare", async () => {
  const { code, output } = await run("node scripts/check-workerd.mjs");
  expect(output).toBe("");
  expect(code).toBe(0);
});

test("workerd: a second one, nested in another package, is found", async () => {
  const paths = ["node_modules/miniflare", "node_modules/workerd", "node_modules/wrangler/node_modules/workerd"];
  const packages = Object.fromEntries(paths.map((path) => [path, {}]));
  const tree = await plantTree({ "package-lock.json": JSON.stringify({ packages }) });
  const { code, output } = await run(`node scripts/check-workerd.mjs "${tree}"`);
  expect(output).toContain("package-lock.json has 2 of workerd, expected 1");
  expect(code).toBe(1);
});

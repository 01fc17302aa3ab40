import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

const manifest = { dependencies: { a: "1.0.0" } };
const a = { optionalDependencies: { "a-linux": "1.0.0", "a-windows": "1.0.0" } };
const whole = {
  "": manifest,
  "node_modules/a": a,
  "node_modules/a-linux": {},
  "node_modules/a/node_modules/a-windows": {},
};

async function check(packages: object, dependencies: object = manifest) {
  const tree = await plantTree({
    "package.json": JSON.stringify(dependencies),
    "package-lock.json": JSON.stringify({ packages }),
  });
  return run(`node scripts/check-lockfile.mjs "${tree}"`);
}

test("lockfile: one that has every package that another needs passes", async () => {
  expect(await check(whole)).toMatchObject({ code: 0, output: "" });
});

test("lockfile: a missing optional package of another platform is found", async () => {
  const { "node_modules/a/node_modules/a-windows": _, ...linuxOnly } = whole;
  const output = "node_modules/a needs a-windows, which the lockfile lacks\n";
  expect(await check(linuxOnly)).toMatchObject({ code: 1, output });
});

test("lockfile: a package.json that has changed since is found", async () => {
  const { code, output } = await check(whole, { dependencies: { a: "2.0.0" } });
  expect(output).toContain("differ in their dependencies");
  expect(code).toBe(1);
});

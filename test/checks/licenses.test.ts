import { expect, test } from "vitest";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

async function checked(packages: Readonly<Record<string, unknown>>) {
  const tree = await plantTree({ "package-lock.json": JSON.stringify({ packages: { "": {}, ...packages } }) });
  return run(`node scripts/check-licenses.mjs "${tree}"`);
}

test("licences: what npm installs with the package may be used as it is", async () => {
  const { code, output } = await run("node scripts/check-licenses.mjs");
  expect(output).toMatch(/^\d{2,} packages looked at\n$/);
  expect(code).toBe(0);
});

test.for([
  ["of another kind", { license: "GPL-3.0-only" }, '"GPL-3.0-only"'],
  ["that is not told", {}, "null"],
  ["in an old form", { license: { type: "MIT" } }, '{"type":"MIT"}'],
  ["that only sharp may bring", { license: "LGPL-3.0-or-later" }, '"LGPL-3.0-or-later"'],
] as const)("licences: one %s is named, however deep it lies", async ([, entry, shown]) => {
  const path = "node_modules/fine/node_modules/@scope/odd";
  const { code, output } = await checked({ "node_modules/fine": { license: "MIT" }, [path]: entry });
  expect(output).toContain(`${path} has the licence ${shown},`);
  expect(output).not.toContain("node_modules/fine has");
  expect(code).toBe(1);
});

test("licences: libvips, which sharp loads as a library of its own, may keep its licence", async () => {
  const { code } = await checked({ "node_modules/@img/sharp-libvips-linux-x64": { license: "LGPL-3.0-or-later" } });
  expect(code).toBe(0);
});

test("licences: tools that stay here are not judged, and a lockfile with nothing else is a failure", async () => {
  const { code, output } = await checked({ "node_modules/tool": { dev: true, license: "GPL-3.0-only" } });
  expect(output).toContain("names no package");
  expect(code).toBe(1);
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bundledLicenses, bundledPackages } from "../../scripts/lib/bundled-licenses.mjs";

async function packages(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "bundled-licenses-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

test("licences: every bundled package is found once, with its scope, and our own files are not packages", () => {
  const inputs = ["src/cli/main.ts", "node_modules/a/x.js", "node_modules/a/lib/y.js", "node_modules/@s/b/z.js"];
  expect(bundledPackages(inputs)).toEqual(["node_modules/@s/b", "node_modules/a"]);
});

test("licences: the text of a package's licence travels with its name and version", async () => {
  const root = await packages({
    "node_modules/a/package.json": `{"name":"a","version":"1.2.3","license":"MIT"}`,
    "node_modules/a/LICENSE.md": "You may do everything.",
  });
  expect(await bundledLicenses(root, ["node_modules/a/index.js"])).toBe("a 1.2.3\n\nYou may do everything.\n");
});

test("licences: every text that a package brings is there, whatever the file is called, and copies of it once", async () => {
  const manifest = `{"name":"a","version":"1.2.3","license":"Apache-2.0"}`;
  const root = await packages({
    "node_modules/a/package.json": manifest,
    "node_modules/a/LICENSE-MIT.txt": "You may do everything.",
    "node_modules/a/NOTICE": "By a.",
    "node_modules/b/node_modules/a/package.json": manifest,
    "node_modules/b/node_modules/a/LICENSE-MIT.txt": "You may do everything.",
    "node_modules/b/node_modules/a/NOTICE": "By a.",
  });
  const inputs = ["node_modules/a/index.js", "node_modules/b/node_modules/a/index.js"];
  expect(await bundledLicenses(root, inputs)).toBe("a 1.2.3\n\nYou may do everything.\n\nBy a.\n");
});

test("licences: a package that brings no text of its licence is not bundled in silence", async () => {
  const root = await packages({ "node_modules/a/package.json": `{"name":"a","version":"1.0.0","license":"MIT"}` });
  await expect(bundledLicenses(root, ["node_modules/a/index.js"])).rejects.toThrow("a 1.0.0 is bundled and brings no");
});

test.for(["", `,"license":"GPL-3.0-only"`, `,"license":"LGPL-3.0-or-later"`, `,"license":{"type":"MIT"}`])(
  "licences: a package with %s instead of a licence that is allowed is not bundled",
  async (license) => {
    const root = await packages({
      "node_modules/a/package.json": `{"name":"a","version":"1.0.0"${license}}`,
      "node_modules/a/LICENSE": "You may do little.",
    });
    await expect(bundledLicenses(root, ["node_modules/a/index.js"])).rejects.toThrow("does not allow");
  },
);

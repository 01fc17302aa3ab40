import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { datedChangelog, releaseProblems } from "../../scripts/lib/release.mjs";

const changelog = `# Changelog

## [1.2.0] - 2026-01-31

### Added

- Something.

## [1.1.0] - 2025-12-24

- Something older.
`;

const release = {
  tag: "v1.2.0",
  repository: "someone/streams",
  manifest: { version: "1.2.0", repository: { url: "git+https://github.com/someone/streams.git" } },
  changelog,
};

test("release: a tag that agrees with version, changelog and repository may be published", () => {
  expect(releaseProblems(release)).toEqual([]);
  const { url } = release.manifest.repository;
  expect(releaseProblems({ ...release, manifest: { version: "1.2.0", repository: url } })).toEqual([]);
});

test.for([
  ["another tag", { tag: "v1.2.1" }, "the tag is v1.2.1, and package.json has version 1.2.0"],
  ["a tag without its v", { tag: "1.2.0" }, "the tag is 1.2.0, and package.json has version 1.2.0"],
  ["no tag", { tag: undefined }, "the tag is not given, and package.json has version 1.2.0"],
  ["no section", { changelog: changelog.replace("[1.2.0]", "[1.3.0]") }, "no dated section for 1.2.0"],
  ["a section without its date", { changelog: changelog.replace("2026-01-31", "Unreleased") }, "no dated section"],
  ["an empty section", { changelog: changelog.replace("### Added\n\n- Something.\n", "") }, "says nothing about 1.2.0"],
  ["no repository", { manifest: { version: "1.2.0" } }, "package.json names no repository: npm pkg set"],
  ["another repository", { repository: "someone/else" }, "repository.url=git+https://github.com/someone/else.git"],
] as const)("release: %s is refused", ([, changed, sentence]) => {
  expect(releaseProblems({ ...release, ...changed })).toEqual([expect.stringContaining(sentence)]);
});

test("release: the section of the version gets its date, and nothing else changes", () => {
  const before = changelog.replace("2026-01-31", "Unreleased");
  expect(datedChangelog(before, "1.2.0", "2026-01-31")).toBe(changelog);
});

test("release: a version that the changelog does not announce is not released by accident", () => {
  expect(() => datedChangelog(changelog, "1.2.0", "2026-02-01")).toThrow("no section `## [1.2.0] - Unreleased`");
  const before = changelog.replace("2026-01-31", "Unreleased");
  expect(() => datedChangelog(before, "1.3.0", "2026-01-31")).toThrow("announces 1.2.0, and 1.3.0 is to be released");
});

test("release: the changelog as it is has a section for the version of the package, dated or to be dated", async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  const real = await readFile(join(ROOT, "CHANGELOG.md"), "utf8");
  const [first] = /^## .*$/m.exec(real) ?? [];
  const escaped = version.replaceAll(".", "\\.");
  expect(first).toMatch(/^## \[\d+\.\d+\.\d+\] - (?:Unreleased|\d{4}-\d{2}-\d{2})$/);
  expect(real).toMatch(new RegExp(`^## \\[${escaped}\\] - (?:Unreleased|\\d{4}-\\d{2}-\\d{2})$`, "m"));
});

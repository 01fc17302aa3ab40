import { expect, test } from "vitest";
import { packageProblems } from "../../scripts/lib/package-contents.mjs";

const whole = [
  "LICENSE",
  "README.md",
  "bin/run.js",
  "dist/THIRD-PARTY-LICENSES.txt",
  "dist/chunks/chunk-ABC.js",
  "dist/cli/main.js",
  "dist/commands/dev.js",
  "dist/commands/token/inspect.js",
  "dist/types/worker/create-stream-worker.d.ts",
  "dist/worker/library.js",
  "dist/worker/library.js.map",
  "dist/worker/server.js",
  "dist/worker/server.js.map",
  "man/durable-streams.1",
  "oclif.manifest.json",
  "package.json",
];
const commands = ["dev", "token/inspect"];

function problems(paths: readonly string[], unpackedSize = 1_000_000) {
  return packageProblems({ files: paths.map((path) => ({ path })), unpackedSize }, commands);
}

test("package: what a user needs and nothing else is fine", () => {
  expect(problems(whole)).toEqual([]);
});

test("package: each file that a user needs is missed", () => {
  for (const path of whole.filter((name) => !name.includes("chunk"))) {
    expect(problems(whole.filter((other) => other !== path))).toEqual([`the package lacks ${path}`]);
  }
});

test.for([
  "src/cli/main.ts",
  "test/cli/a.test.js",
  "dist/commands/dev.test.js",
  "dist/commands/dev.js.map",
  "bin/dev.js",
  ".env",
  "dist/a.d.ts",
])("package: %s does not belong in it", (path) => {
  expect(problems([...whole, path])).toEqual([`the package should not hold ${path}`]);
});

test("package: a package that has grown out of bounds is refused", () => {
  expect(problems(whole, 60_000_000)).toHaveLength(1);
});

test("package: an empty list of commands is a failure, not a pass", () => {
  expect(packageProblems({ files: whole.map((path) => ({ path })), unpackedSize: 1 }, [])).toHaveLength(1);
});

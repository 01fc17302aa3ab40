import { expect, test } from "vitest";
import { runtimeDied } from "../../src/cli/dev-failures.ts";

test("a runtime that died of too many open files: the cause, and how to allow more", () => {
  const failure = runtimeDied({ exitCode: 1, signal: null, tooManyFiles: true }, "/data");
  expect(failure.message).toContain("too many open files");
  expect(failure.hint).toContain("ulimit -n 65536");
});

test("a runtime that died of anything else: how it ended", () => {
  const failure = runtimeDied({ exitCode: null, signal: "SIGKILL", tooManyFiles: false }, "/data");
  expect(failure.message).toContain("was ended by SIGKILL");
});

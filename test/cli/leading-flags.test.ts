import { expect, it } from "vitest";
import { withFlagsBehind } from "../../src/cli/leading-flags.ts";
import { runCli } from "../support/cli.ts";

it.each([
  ["read orders -n 1", "read orders -n 1"],
  ["-C prod read orders", "read orders -C prod"],
  ["--url=http://x --json -q inspect cat s 1", "inspect cat s 1 --url=http://x --json -q"],
  ["--project p append s -- -x", "append s --project p -- -x"],
  ["-C prod", "-C prod"],
  ["--json", "--json"],
  ["--version", "--version"],
  ["-h", "-h"],
  ["", ""],
])("%s is %s", (typed, meant) => {
  const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
  expect(withFlagsBehind(words(typed))).toEqual(words(meant));
});

it("global flags may stand before the command", async () => {
  const { code, stdout } = await runCli(["--json", "-C", "nope", "read", "orders"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringContaining('"nope"') as string } });
});

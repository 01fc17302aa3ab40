import { describe, expect, it } from "vitest";
import { requireSecret } from "../../../src/cli/tokens/secret-input.ts";
import { requirePrefix, requireStreamName, requireTimes } from "../../../src/cli/tokens/token-limits.ts";
import { newSecret } from "../../../src/protocol/secret.ts";

const NOW = Date.UTC(2026, 0, 1) / 1000;
const USAGE = { exitCode: 2 } as unknown as Error;

describe("the times of a token to be", () => {
  it("the maximum is allowed, from now or from its beginning", () => {
    expect(requireTimes("90d", undefined, NOW)).toEqual({ ttlSeconds: 7_776_000, notBeforeSeconds: undefined });
    expect(requireTimes("89d", "2026-01-02T00:00:00Z", NOW)).toEqual({
      ttlSeconds: 7_689_600,
      notBeforeSeconds: NOW + 86_400,
    });
    expect(requireTimes("90d", "2025-12-01T00:00:00Z", NOW)).toMatchObject({ ttlSeconds: 7_776_000 });
  });

  it.each([
    ["0s", undefined],
    ["91d", undefined],
    ["2161h", undefined],
    ["89d", "2026-01-02T00:00:01Z"],
    ["60", undefined],
    ["1h", "tomorrow"],
  ])("--ttl %s with --not-before %s is refused", (ttl, notBefore) => {
    expect(() => requireTimes(ttl, notBefore, NOW)).toThrow(expect.objectContaining(USAGE) as Error);
  });
});

describe("what a token is limited to", () => {
  it.each(["a", "rooms/42", "día/ñ", "__dsx"])("%s is a stream's name, and a prefix", (name) => {
    expect(requireStreamName(name)).toBe(name);
    expect(requirePrefix(name)).toBe(name);
    expect(requirePrefix(`${name}/`)).toBe(`${name}/`);
  });

  it.each(["", "a//b", "/a", "a/", "..", "__ds/x", "a\nb"])("%j is no stream's name", (name) => {
    expect(() => requireStreamName(name)).toThrow(expect.objectContaining(USAGE) as Error);
  });

  it.each(["", "/a", "a//", "__ds/", "a/../"])("no stream's name begins with %j", (prefix) => {
    expect(() => requirePrefix(prefix)).toThrow(expect.objectContaining(USAGE) as Error);
  });
});

it.each([
  ["is too short", "short"],
  ["is empty", ""],
  ["has a space in it", `${newSecret("project")} x`],
  ["is an operator's", newSecret("operator")],
])("a secret that %s is refused, and not shown", (_what, wrong) => {
  const refused = (): string => requireSecret(wrong, "project", "The secret on stdin");
  expect(refused).toThrow(/^The secret on stdin cannot be used\./);
  if (wrong !== "") expect(refused).not.toThrow(wrong);
});

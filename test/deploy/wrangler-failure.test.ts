import { describe, expect, it } from "vitest";
import { wranglerFailure } from "../../src/cloudflare/wrangler-failure.ts";

function failure(entry: Readonly<Record<string, unknown>> | undefined, code: number | null = 1) {
  const entries = entry === undefined ? [] : [{ type: "command-failed", ...entry }];
  return wranglerFailure({ doing: "Uploading the Worker shop", code, entries, output: "its last words\n" });
}

describe("a failure of wrangler", () => {
  it.for([
    ["Cloudflare's number for a failure inside", { code: 10013, message: "unknown" }],
    ["a number, and a time to wait", { code: 10021, message: "later", retry_after_ms: 1000 }],
    ["a connection that broke", { code: "ECONNRESET", message: "read ECONNRESET" }],
    ["a request that could not be sent", { message: "fetch failed" }],
    ["an answer of a proxy", { message: "Received a malformed response from the API" }],
  ] as const)("with %s is worth another try", ([, entry]) => {
    expect(failure(entry).kind).toBe("unavailable");
  });

  it("by a signal is worth another try", () => {
    expect(failure(undefined, null).kind).toBe("unavailable");
  });

  it.for([
    ["a number of what it refuses", { code: 10021, message: "Script startup exceeded CPU time limit." }],
    ["a mistake in what it was given", { message: 'Could not resolve "./nowhere.ts"' }],
    ["nothing reported at all", undefined],
  ] as const)("with %s is not", ([, entry]) => {
    const error = failure(entry);
    expect(error.kind).toBe("rejected");
    expect(error.hint).toContain("its last words");
  });

  it("for want of a permission names the login", () => {
    expect(failure({ code: 10000, message: "Authentication error" })).toMatchObject({
      kind: "not-allowed",
      hint: expect.stringContaining("wrangler login") as unknown,
    });
  });
});

import { describe, expect, it } from "vitest";
import { CommandFailure } from "../../src/cli/command-failure.ts";
import { isSamePlace, streamUrl } from "../../src/cli/server-address.ts";

const LOCAL = { url: "http://127.0.0.1:4437" };

describe("the URL of a stream", () => {
  it.each([
    [LOCAL, "orders", "http://127.0.0.1:4437/v1/stream/orders"],
    [{ url: "http://h:1/" }, "a/b", "http://h:1/v1/stream/a/b"],
    [{ ...LOCAL, project: "shop" }, "a/b", "http://127.0.0.1:4437/v1/shop/stream/a/b"],
    [{ url: "https://h/streams/" }, "a", "https://h/streams/a"],
    [LOCAL, "a b?c#d%2F/é", "http://127.0.0.1:4437/v1/stream/a%20b%3Fc%23d%252F/%C3%A9"],
    [LOCAL, "https://other/x#z", "https://other/x"],
    [LOCAL, "..a/b..", "http://127.0.0.1:4437/v1/stream/..a/b.."],
  ])("%j and %s give %s", (address, stream, url) => {
    expect(streamUrl(address, stream)).toBe(url);
  });

  it.each([
    [LOCAL, ""],
    [LOCAL, "a//b"],
    [LOCAL, "a/../b"],
    [LOCAL, "__ds/x"],
    [{ url: "ftp://h" }, "a"],
    [{ url: "h:4437" }, "a"],
    [{ url: "http://h?x=1" }, "a"],
    [{ url: "http://h/root", project: "p" }, "a"],
    [{ ...LOCAL, project: "a/b" }, "a"],
  ])("%j and %j are refused", (address, stream) => {
    expect(() => streamUrl(address, stream)).toThrow(CommandFailure);
  });

  it.each([
    ["", /it is empty/],
    ["/lead", /begins with a slash/],
    ["trail/", /ends with a slash/],
    ["a//b", /an empty segment/],
    ["a/./b", /the segment "\."\./],
    ["a/../b", /the segment "\.\."\./],
    ["a\nb", /a control character/],
    [`${"x".repeat(2000)}/`, /^.{0,250}$/],
  ])("the refusal of the name %j says which rule it breaks, in short", (name, why) => {
    expect(() => streamUrl(LOCAL, name)).toThrow(why);
  });

  it("a query in a stream's URL is refused without its values, and the flag is named", () => {
    const attempt = (): string => streamUrl(LOCAL, "https://h/s?offset=5&token=canary");
    expect(attempt).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("https://h/s --offset 5") as string }) as Error,
    );
    expect(attempt).not.toThrow(/canary/);
  });

  it("credentials in a URL are refused and not repeated", () => {
    const attempt = (): string => streamUrl({ url: "http://user:canary@h" }, "a");
    expect(attempt).toThrow(/credentials/);
    expect(attempt).not.toThrow(/canary/);
  });
});

describe("the same place", () => {
  const A = "http://127.0.0.1:4437/v1/stream/a";
  it.each([
    ["http://localhost:4437/v1/stream/a", true],
    ["http://localhost.:4437/v1/stream/a", true],
    ["http://[::1]:4437/v1/stream/a", true],
    ["http://[0:0::1]:4437/v1/stream/a", true],
    ["http://127.1:4437/v1/stream/a", true],
    ["http://127.0.0.2:4437/v1/stream/a", false],
    ["http://localhost:4438/v1/stream/a", false],
    ["https://localhost:4437/v1/stream/a", false],
    ["http://localhost:4437/v1/stream/b", false],
    ["http://localhost.example:4437/v1/stream/a", false],
  ])("%s: %s", (url, isSame) => {
    expect(isSamePlace(A, url)).toBe(isSame);
    expect(isSamePlace(url, A)).toBe(isSame);
    expect(isSamePlace(url, url)).toBe(true);
  });
});

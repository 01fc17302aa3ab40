import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matcher } from "../../src/tail/filter/match-filter.ts";
import { parseFilter } from "../../src/tail/filter/parse-filter.ts";
import { arrivalOf } from "../../src/tail/model/message.ts";
import type { ContentKind } from "../../src/protocol/content-type.ts";

function passes(filter: string, message: string, kind: ContentKind = "json"): boolean {
  const parsed = parseFilter(filter);
  if (!parsed.ok) throw new Error(parsed.problem);
  return matcher(parsed.filter)(arrivalOf(kind, Buffer.from(message), undefined));
}

describe("filters: a path", () => {
  it.each([
    [".user.id = 42", `{"user":{"id":42}}`, true],
    [".user.id=42", `{"user":{"id":42}}`, true],
    [".user.id = 42", `{"user":{"id":"42"}}`, false],
    [`.user.id = "42"`, `{"user":{"id":"42"}}`, true],
    [".name = alice", `{"name":"alice"}`, true],
    [".name = alice smith", `{"name":"alice smith"}`, true],
    [".user.id != 42", `{"user":{"id":43}}`, true],
    [".user.id != 42", `{"user":{}}`, false],
    [".done = true", `{"done":true}`, true],
    [".gone = null", `{"gone":null}`, true],
    [".gone", `{"gone":null}`, true],
    [".gone", `{}`, false],
    [".items[0].sku = A1", `{"items":[{"sku":"A1"}]}`, true],
    [".items[-1] = 3", `{"items":[1,2,3]}`, true],
    [".items[3]", `{"items":[1,2,3]}`, false],
    [".items.length", `{"items":[1,2,3]}`, false],
    [`."a key" = 1`, `{"a key":1}`, true],
    [`.["a.b"].c = 1`, `{"a.b":{"c":1}}`, true],
    [".name ~ ANN", `{"name":"Joann"}`, false],
    [".name ~ ann", `{"name":"JoAnn"}`, true],
    [".tags ~ red", `{"tags":["red","blue"]}`, true],
    [".a = 1.0", `{"a":1}`, true],
    [".a = 1e2", `{"a":100}`, true],
    [`.a = {"x":1,"y":2}`, `{"a":{"y":2,"x":1}}`, true],
    [`.a = [1,2]`, `{"a":[2,1]}`, false],
    [".", "7", true],
    [". = 7", "7", true],
    [".naïve = 1", `{"naïve":1}`, true],
    [".toString", "{}", false],
    [".__proto__", "{}", false],
  ])("%s on %s: %s", (filter, message, expected) => {
    expect(passes(filter, message)).toBe(expected);
  });

  it("long whole numbers are compared digit by digit", () => {
    expect(passes(".id = 12345678901234567890", `{"id":12345678901234567890}`)).toBe(true);
    expect(passes(".id = 12345678901234567890", `{"id":12345678901234567891}`)).toBe(false);
  });

  it("lines of text that are JSON have paths too; other text and bytes have none", () => {
    expect(passes(".level = warn", `{"level":"warn"}\n`, "text")).toBe(true);
    expect(passes(".", "plain words", "text")).toBe(false);
    expect(passes(".", "1", "binary")).toBe(false);
  });

  it.each([
    [".a b", /after the path comes/],
    [".a =", /= needs a value/],
    [".a !", /after the path comes/],
    [".1a", /after the path comes/],
    ["..a", /after the path comes/],
    [`."a`, /after the path comes/],
  ])("%s is refused with the reason", (typed, reason) => {
    const parsed = parseFilter(typed);
    expect(parsed.ok ? "accepted" : parsed.problem).toMatch(reason);
  });

  it("equal and other divide the messages that have the path", () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.option(value, { nil: undefined }), value, (has, wanted) => {
        const message = JSON.stringify(has === undefined ? {} : { a: has });
        const json = JSON.stringify(wanted);
        const [equal, other] = [passes(`.a = ${json}`, message), passes(`.a != ${json}`, message)];
        expect(equal && other).toBe(false);
        expect(equal || other).toBe(passes(".a", message));
        expect(equal).toBe(has === wanted);
      }),
    );
  });

  it("every key can be named by a string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer(), (key, value) => {
        const message = `{${JSON.stringify(key)}:${String(value)}}`;
        expect(passes(`.[${JSON.stringify(key)}] = ${String(value)}`, message)).toBe(true);
      }),
    );
  });

  it("no text that is typed breaks it", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(".", "_", "[", "]", "=", "!", "~", '"', "\\", " ", "a", "1", "{", "}", "-"),
        }),
        fc.json(),
        (typed, message) => {
          const parsed = parseFilter(typed);
          if (parsed.ok) matcher(parsed.filter)(arrivalOf("json", Buffer.from(message), undefined));
        },
      ),
    );
  });
});

describe("filters: text", () => {
  it.each([
    ["ann", "Ann", true],
    ["Ann", "ann", false],
    ["  ann ", "Joanna", true],
    ["x", "Ann", false],
  ])("%j on %s: %s", (filter, message, expected) => {
    expect(passes(filter, message, "text")).toBe(expected);
  });

  it("nothing typed is no filter", () => {
    expect(parseFilter("  ")).toEqual({ ok: true, filter: undefined });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  LEASE_DEFAULT_MS,
  LEASE_MAX_MS,
  LEASE_MIN_MS,
  SUBSCRIPTION_REQUEST_MAX_STREAMS,
  SUBSCRIPTION_TEXT_MAX_BYTES,
} from "../../../src/protocol/limits.ts";
import { configText, parseConfig } from "../../../src/protocol/subscription/config.ts";
import { parseFields } from "../../../src/protocol/subscription/fields.ts";
import { utf8 } from "../arbitraries.ts";

const WEBHOOK = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hooks" } };
const PULL = { type: "pull-wake", pattern: "events/*", wake_stream: "wake/pool" };

/** What a body is read as, by way of its bytes. */
function parse(body: object, toLoopback = false): ReturnType<typeof parseConfig> {
  const fields = parseFields(utf8(JSON.stringify(body)));
  return fields.ok ? parseConfig(fields.value, { toLoopback }) : fields;
}

function codeOf(body: object): string | undefined {
  const result = parse(body);
  return result.ok ? undefined : result.error.code;
}

function textOf(body: object): string {
  const result = parse(body, true);
  if (!result.ok) throw new Error(result.error.message);
  return configText(result.value);
}

describe("subscription: the normal form of a configuration (section 6.2)", () => {
  test("a webhook", () => {
    expect(parse({ ...WEBHOOK, streams: ["/b/", "a", "b"], lease_ttl_ms: 1000, description: "it works" })).toEqual({
      ok: true,
      value: {
        type: "webhook",
        pattern: "events/*",
        streams: ["a", "b"],
        webhookUrl: "https://worker.example/hooks",
        wakeStream: undefined,
        leaseTtlMs: 1000,
        description: "it works",
      },
    });
  });

  test("a pull-wake, with what was left out", () => {
    expect(parse({ ...PULL, wake_stream: "/wake/pool" })).toEqual({
      ok: true,
      value: {
        type: "pull-wake",
        pattern: "events/*",
        streams: [],
        webhookUrl: undefined,
        wakeStream: "wake/pool",
        leaseTtlMs: LEASE_DEFAULT_MS,
        description: undefined,
      },
    });
  });

  test("paths are plain text: what a URL would have to encode stands for itself", () => {
    const result = parse({ ...PULL, streams: ["a%2Fb", "a b/é?"] });
    expect(result).toMatchObject({ ok: true, value: { streams: ["a b/é?", "a%2Fb"] } });
  });

  test("what is null was left out, as a subscription shows it; what nobody knows is passed over", () => {
    const shown = { ...WEBHOOK, streams: null, wake_stream: null, lease_ttl_ms: null, description: null, later: 1 };
    expect(textOf(shown)).toBe(textOf(WEBHOOK));
  });

  test("what belongs to the other type is no part of the configuration", () => {
    expect(textOf({ ...WEBHOOK, wake_stream: "wake/pool" })).toBe(textOf(WEBHOOK));
    expect(textOf({ ...PULL, webhook: WEBHOOK.webhook })).toBe(textOf(PULL));
  });

  test.each<[string, object]>([
    ["no type", { ...WEBHOOK, type: undefined }],
    ["a type that there is not", { ...WEBHOOK, type: "push" }],
    ["neither pattern nor streams", { ...WEBHOOK, pattern: undefined }],
    ["no pattern and an empty list", { ...WEBHOOK, pattern: null, streams: [] }],
    ["an empty pattern", { ...WEBHOOK, pattern: "" }],
    ["a pattern that is no text", { ...WEBHOOK, pattern: ["events/*"] }],
    ["streams that are no list", { ...WEBHOOK, streams: "a" }],
    ["a stream that is no text", { ...WEBHOOK, streams: [1] }],
    ["an empty stream", { ...WEBHOOK, streams: ["/"] }],
    ["a reserved stream", { ...WEBHOOK, streams: ["__ds/x"] }],
    ["a stream with a control character", { ...WEBHOOK, streams: ["a\u0000"] }],
    ["a stream with half a character", { ...WEBHOOK, streams: ["a\ud800"] }],
    ["a stream that is too long", { ...WEBHOOK, streams: ["x".repeat(1025)] }],
    ["a stream with a dot segment", { ...WEBHOOK, streams: ["a/../b"] }],
    [
      "too many streams",
      { ...WEBHOOK, streams: Array.from({ length: SUBSCRIPTION_REQUEST_MAX_STREAMS + 1 }, () => "a") },
    ],
    ["a webhook without a URL", { ...WEBHOOK, webhook: undefined }],
    ["a webhook that is a text", { ...WEBHOOK, webhook: "https://worker.example" }],
    ["a URL that is no text", { ...WEBHOOK, webhook: { url: 1 } }],
    [
      "a URL that is too long",
      { ...WEBHOOK, webhook: { url: `https://a.example/${"x".repeat(SUBSCRIPTION_TEXT_MAX_BYTES)}` } },
    ],
    ["a pull-wake without a wake stream", { ...PULL, wake_stream: null }],
    ["a wake stream that is reserved", { ...PULL, wake_stream: "__ds/wake" }],
    ["a wake stream among the streams", { ...PULL, streams: ["wake/pool/"] }],
    ["a lease that is too short", { ...PULL, lease_ttl_ms: LEASE_MIN_MS - 1 }],
    ["a lease that is too long", { ...PULL, lease_ttl_ms: LEASE_MAX_MS + 1 }],
    ["a lease that is not whole", { ...PULL, lease_ttl_ms: 1000.5 }],
    ["a lease that is a text", { ...PULL, lease_ttl_ms: "1000" }],
    ["a description that is no text", { ...PULL, description: 1 }],
    ["a description that is too long", { ...PULL, description: "é".repeat(SUBSCRIPTION_TEXT_MAX_BYTES / 2 + 1) }],
    ["a list", [PULL]],
  ])("refused is %s", (_what, body) => {
    expect(codeOf(body)).toBe("INVALID_SUBSCRIPTION");
  });

  test("a URL that webhooks must not go to has a code of its own, unless the server is one's own machine", () => {
    const local = { ...WEBHOOK, webhook: { url: "http://127.0.0.1:4000/hook" } };
    expect(codeOf(local)).toBe("WEBHOOK_URL_REJECTED");
    expect(parse(local, true)).toMatchObject({ ok: true, value: { webhookUrl: "http://127.0.0.1:4000/hook" } });
  });

  test("the limits themselves are allowed", () => {
    for (const lease of [LEASE_MIN_MS, LEASE_MAX_MS]) expect(codeOf({ ...PULL, lease_ttl_ms: lease })).toBeUndefined();
    const streams = Array.from({ length: SUBSCRIPTION_REQUEST_MAX_STREAMS }, (_, i) => `s/${String(i)}`);
    expect(codeOf({ ...PULL, streams })).toBeUndefined();
  });
});

describe("subscription: one text for each configuration", () => {
  const base = { ...WEBHOOK, streams: ["a", "b"], lease_ttl_ms: 30_000 };

  test.each<[string, object]>([
    ["another order of streams", { ...base, streams: ["b", "a"] }],
    ["a stream twice, with slashes", { ...base, streams: ["b", "a", "/a/"] }],
    ["the usual lease, left out", { ...base, lease_ttl_ms: undefined }],
    ["another order of fields", Object.fromEntries(Object.entries(base).toReversed())],
    ["slashes around the pattern", { ...base, pattern: "/events/*/" }],
    ["another spelling of the URL", { ...base, webhook: { url: "HTTPS://Worker.example:443/hooks" } }],
  ])("%s asks for the same", (_what, body) => {
    expect(textOf(body)).toBe(textOf(base));
  });

  test("whatever else differs makes another one", () => {
    const others: object[] = [
      base,
      { ...base, type: "pull-wake", wake_stream: "w" },
      { ...base, pattern: "events/**" },
      { ...base, pattern: undefined },
      { ...base, streams: ["a"] },
      { ...base, streams: ["a,b"] },
      { ...base, streams: undefined },
      { ...base, webhook: { url: "https://worker.example/hook" } },
      { ...base, lease_ttl_ms: 30_001 },
      { ...base, description: "null" },
      { ...PULL, wake_stream: "w" },
      { ...PULL, wake_stream: "v" },
    ];
    expect(new Set(others.map(textOf)).size).toBe(others.length);
  });

  test("the text of a configuration never changes: stored hashes are of it", () => {
    expect(textOf({ ...base, description: "d" })).toBe(
      '["webhook","events/*",["a","b"],"https://worker.example/hooks",null,30000,"d"]',
    );
    expect(textOf(PULL)).toBe('["pull-wake","events/*",[],null,"wake/pool",30000,null]');
  });

  test("it does not depend on the order in which streams are given", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 8 });
    const shuffled = names.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(textOf({ ...PULL, streams: other })).toBe(textOf({ ...PULL, streams: list }));
      }),
    );
  });
});

describe("subscription: bodies that are no object", () => {
  test.each([
    ["nothing", utf8(""), "INVALID_JSON"],
    ["no JSON", utf8("{"), "INVALID_JSON"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "INVALID_JSON"],
    ["a byte order mark", utf8("\ufeff{}"), "INVALID_JSON"],
    ["null", utf8("null"), "INVALID_SUBSCRIPTION"],
    ["a text", utf8('"a"'), "INVALID_SUBSCRIPTION"],
    ["a list", utf8("[]"), "INVALID_SUBSCRIPTION"],
  ])("%s is %#", (_what, body, code) => {
    expect(parseFields(body)).toMatchObject({ ok: false, error: { code } });
  });
});

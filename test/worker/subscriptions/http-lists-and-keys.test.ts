import { describe, expect, test } from "vitest";
import { JWKS_MAX_AGE_SECONDS, LIST_PAGE_MAX } from "../../../src/protocol/limits.ts";
import { Clock } from "../support/clock.ts";
import { errorCode, sendTo } from "../support/stream-client.ts";
import { ProjectClient } from "./support/http.ts";

const WEBHOOK = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hooks" } };
const PULL = { type: "pull-wake", streams: ["a"], wake_stream: "wake/pool" };

interface Page {
  readonly subscriptions: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

interface Jwks {
  readonly keys: readonly { readonly kid: string; readonly x: string }[];
}

describe("list of subscriptions", () => {
  test("it has those of the project, in the order of their ids, with type, pattern and time", async () => {
    const project = new ProjectClient();
    await project.subscribe(PULL, "b");
    await project.subscribe(WEBHOOK, "a");
    await new ProjectClient().subscribe(WEBHOOK, "other");
    const answer = await project.control("GET", "subscriptions");
    expect([answer.status, answer.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    expect(await answer.json()).toEqual({
      subscriptions: [
        { id: "a", type: "webhook", pattern: "events/*", created_at },
        { id: "b", type: "pull-wake", pattern: null, created_at },
      ],
      next_cursor: null,
    });
  });

  test("it comes in pages, each subscription once, and one that is deleted is gone", async () => {
    const project = new ProjectClient();
    const ids = ["a", "b/c", "ü", "😀", "z"];
    for (const id of ids) await project.subscribe(PULL, id);
    const gone = await project.subscribe(PULL, "gone");
    await gone.delete();
    const seen: string[] = [];
    for (let query = "?limit=2"; query !== "";) {
      const { subscriptions, next_cursor: next }: Page = await (
        await project.control("GET", `subscriptions${query}`)
      ).json();
      seen.push(...subscriptions.map(({ id }) => id));
      query = next === null ? "" : `?limit=2&cursor=${next}`;
    }
    expect(seen).toEqual(["a", "b/c", "z", "ü", "😀"]);
  });

  test("a project without any has an empty list", async () => {
    const answer = await new ProjectClient().control("GET", "subscriptions");
    expect(await answer.json()).toEqual({ subscriptions: [], next_cursor: null });
  });

  test.each([
    ["limit=0", "INVALID_LIMIT"],
    [`limit=${String(LIST_PAGE_MAX + 1)}`, "INVALID_LIMIT"],
    ["cursor=nonsense", "INVALID_CURSOR"],
  ])("a page of %s is refused", async (query, code) => {
    const answer = await new ProjectClient().control("GET", `subscriptions?${query}`);
    expect([answer.status, await errorCode(answer)]).toEqual([400, code]);
  });
});

describe("keys of webhooks", () => {
  test("a project that has no webhook has none, and everybody may know", async () => {
    const send = sendTo({
      settingsOf: () => Promise.resolve({ corsOrigins: [] }),
      authorizeRead: () => ({ ok: false, response: new Response(null, { status: 401 }) }),
    });
    const answer = await new ProjectClient(send).control("GET", "jwks.json");
    expect([answer.status, await answer.json()]).toEqual([200, { keys: [] }]);
    expect(answer.headers.get("Content-Type")).toBe("application/jwk-set+json");
    expect(answer.headers.get("Cache-Control")).toBe(`public, max-age=${String(JWKS_MAX_AGE_SECONDS)}`);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  test("public keys are shown without what signs", async () => {
    const project = new ProjectClient();
    await project.subscribe(WEBHOOK);
    const { keys } = await (await project.control("GET", "jwks.json")).json<Jwks>();
    expect(keys).toEqual([
      {
        kty: "OKP",
        crv: "Ed25519",
        x: expect.stringMatching(/^[\w-]{43}$/) as string,
        kid: expect.stringMatching(/^ds_[\w-]{43}$/) as string,
        use: "sig",
        alg: "EdDSA",
      },
    ]);
  });

  test("a new key is shown at once, and named as the one that signs when receivers had time to see it", async () => {
    using clock = new Clock();
    const project = new ProjectClient();
    const subscription = await project.subscribe(WEBHOOK);
    const kidOf = async (): Promise<string> => {
      const { webhook } = (await subscription.facts()) as { webhook: { signing: { kid: string } } };
      return webhook.signing.kid;
    };
    const first = await kidOf();
    const answer = await project.control("POST", "signing-key/rotate");
    const { kid, signs_from } = await answer.json<{ kid: string; signs_from: string }>();
    expect([answer.status, Date.parse(signs_from) - Date.now()]).toEqual([200, JWKS_MAX_AGE_SECONDS * 1000]);
    const { keys } = await (await project.control("GET", "jwks.json")).json<Jwks>();
    expect(keys.map((key) => key.kid)).toEqual([first, kid]);
    expect(await kidOf()).toBe(first);
    clock.advanceSeconds(JWKS_MAX_AGE_SECONDS);
    expect(await kidOf()).toBe(kid);
  });
});

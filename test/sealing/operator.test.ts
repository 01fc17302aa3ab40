import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { readSegment } from "../../src/protocol/segment/segment.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { createSealed, sealAll, segmentKeys } from "../worker/support/sealing.ts";
import { openSse } from "../worker/support/sse-client.ts";
import { createStream, errorCode, offsetAt, producer, sendTo } from "../worker/support/stream-client.ts";

const operate = sendTo({}, { OPERATOR_API: "open" });

async function ask<T>(subject: string, name: string, query = ""): Promise<T> {
  const answer = await operate(`/v1/__ds/streams/default/${subject}/${name}${query}`);
  if (answer.status !== 200) throw new Error(`${subject} answered ${String(answer.status)}: ${await answer.text()}`);
  return answer.json<T>();
}

interface Page {
  readonly segments: readonly { readonly number: number; readonly start: string; readonly state: string }[];
  readonly next: string | null;
}

describe("operator API: who may use it", () => {
  test("it is closed unless OPERATOR_API is open, whatever else the variable says", async () => {
    const stream = await createSealed(5);
    for (const OPERATOR_API of [undefined, "", "1", "true", "OPEN"]) {
      const send = sendTo({}, { OPERATOR_API });
      for (const subject of ["inspect", "segments", "segment", "objects"]) {
        const answer = await send(`/v1/__ds/streams/default/${subject}/${stream.name}`);
        expect([answer.status, await errorCode(answer)]).toEqual([403, "OPERATOR_CLOSED"]);
      }
    }
  });

  test("no page of another origin can read an answer, and nothing may keep one", async () => {
    const stream = await createSealed(5);
    for (const subject of ["inspect", "segments", "segment", "objects", "unheard-of"]) {
      const answer = await operate(`/v1/__ds/streams/default/${subject}/${stream.name}`, {
        headers: { Origin: "https://elsewhere.example" },
      });
      if (subject === "unheard-of") {
        expect(answer.status).toBe(404);
        continue;
      }
      expect(answer.status).toBe(200);
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
      expect(answer.headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
      expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
    }
  });

  test("every subject has one method, and a preflight gets no leave", async () => {
    for (const [subject, allowed] of [
      ["inspect", "GET"],
      ["sweep", "POST"],
    ] as const) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"].filter((one) => one !== allowed)) {
        const answer = await operate(`/v1/__ds/streams/default/${subject}/a`, { method });
        expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allowed]);
        expect(answer.headers.get("Access-Control-Allow-Methods")).toBeNull();
      }
    }
  });
});

describe("operator API: what it tells", () => {
  test("inspect adds up: hot log and segments are the whole stream, with readers and producers", async () => {
    const stream = await createSealed(11);
    await stream.append('["é",{"a":1}]', producer("p", 2, 0));
    const { segments } = await sealAll(stream);
    expect(segments.count).toBe(2);
    const sse = await openSse(stream, offsetAt(13));
    await sse.untilUpToDate();
    const map = await ask<Record<string, unknown>>("inspect", stream.name);
    expect(map).toMatchObject({
      stream: `default/${stream.name}`,
      contentType: "application/json",
      closed: false,
      tail: offsetAt(13),
      messages: 13,
      bytes: '0,1,2,3,4,5,6,7,8,9,10,"é",{"a":1}'.length + 1,
      hot: { start: offsetAt(10), messages: 3, rows: 2, bytes: '10,"é",{"a":1}'.length + 1 },
      segments: { count: 2, messages: 10, bytes: 18 },
      sealing: { state: "idle", failures: 0, maxMessages: 5, maxBytes: 4_194_304 },
      readers: 1,
      producers: { count: 1, list: [{ id: "p", epoch: 2, lastSeq: 0 }] },
      purges: [],
    });
    await sse.cancel();
  });

  test("the manifest comes in pages that neither repeat nor leave out a segment", async () => {
    const stream = await createSealed(35);
    const numbers: number[] = [];
    for (let from: string | null = "-1"; from !== null;) {
      const page: Page = await ask("segments", stream.name, `?from=${from}&limit=3`);
      expect(page.segments.length).toBeLessThanOrEqual(3);
      numbers.push(...page.segments.map(({ number }) => number));
      from = page.next;
    }
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const middle = await ask<Page>("segments", stream.name, `?from=${offsetAt(17)}&limit=1`);
    expect(middle.segments.map(({ number, start }) => [number, start])).toEqual([[3, offsetAt(15)]]);
  });

  test("segment gives the object as it lies in the bucket, for any offset inside it and none outside", async () => {
    const stream = await createSealed(7);
    const object = new Uint8Array(
      await (await operate(`/v1/__ds/streams/default/segment/${stream.name}?at=${offsetAt(3)}`)).arrayBuffer(),
    );
    const reading = await readSegment(object);
    expect(reading.kind === "segment" && reading.segment).toMatchObject({
      stream: `default/${stream.name}`,
      start: 0,
      end: 5,
    });
    for (const at of [5, 6, 7, 1000]) {
      const answer = await operate(`/v1/__ds/streams/default/segment/${stream.name}?at=${offsetAt(at)}`);
      expect([answer.status, await errorCode(answer)]).toEqual([404, "SEGMENT_NOT_FOUND"]);
    }
  });

  test("sweep removes what the manifest does not name, and nothing else, while a segment is being made too", async () => {
    using bucket = new WatchedBucket();
    const stream = await createSealed(10);
    const named = await segmentKeys(stream);
    const [first = ""] = named;
    const prefix = first.slice(0, first.lastIndexOf("/") + 1);
    const orphans = [
      first.replace(/\.[0-9a-f]{8}\.seg$/, ".00000000.seg"),
      `${prefix}readme.txt`,
      `${prefix.replace(/[^/]+\/$/, "")}earlier-incarnation/${first.slice(prefix.length)}`,
    ];
    for (const key of orphans) await env.R2.put(key, "x");
    const other = await createSealed(5);
    // Here the object of the third segment is in the bucket, and its transaction has not run.
    let swept = "";
    bucket.intercept(async ({ method, real }) => {
      const stored = await real();
      if (method === "put") {
        swept = await (await operate(`/v1/__ds/streams/default/sweep/${stream.name}`, { method: "POST" })).text();
      }
      return stored;
    });
    for (let i = 10; i < 15; i++) await stream.append(String(i));
    await sealAll(stream);
    const { removed } = JSON.parse(swept) as { removed: string[] };
    expect(removed.sort()).toEqual(orphans.sort());
    const third = expect.stringMatching(/\/0000000000000010-0000000000000015\.[0-9a-f]{8}\.seg$/) as string;
    expect(await segmentKeys(stream)).toEqual([...named, third]);
    expect(await segmentKeys(other)).toHaveLength(1);
    expect(await stream.object.sweep(`default/${stream.name}`)).toEqual([]);
    expect(await stream.readMessages()).toHaveLength(15);
  });

  test("nonsense in a query is refused with the value, and a missing stream is 404 everywhere", async () => {
    const stream = await createStream();
    for (const query of ["segments?limit=1001", "segments?limit=x", "segments?from=now", "segment?at=5"]) {
      const [subject = "", parameters = ""] = query.split("?");
      const answer = await operate(`/v1/__ds/streams/default/${subject}/${stream.name}?${parameters}`);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(parameters.split("=")[1] ?? "");
    }
    for (const subject of ["inspect", "segments", "segment", "objects"]) {
      const answer = await operate(`/v1/__ds/streams/default/${subject}/never-created`);
      expect([answer.status, await errorCode(answer)]).toEqual([404, "STREAM_NOT_FOUND"]);
    }
  });

  test("streams of other projects and with odd names have their own manifest and objects", async () => {
    const path = "rooms/42%20%F0%9F%9A%80";
    await operate(`/v1/acme/stream/${path}`, { method: "PUT", headers: { "Content-Type": "text/plain" }, body: "x" });
    const map = await ask<{ stream: string }>("inspect", "x").catch(() => undefined);
    expect(map).toBeUndefined();
    const answer = await operate(`/v1/__ds/streams/acme/inspect/${path}`);
    expect(await answer.json()).toMatchObject({ stream: "acme/rooms/42 🚀", messages: 1, bytes: 1 });
    const objects = await operate(`/v1/__ds/streams/acme/objects/${path}`);
    expect(await objects.json()).toMatchObject({
      prefix: expect.stringMatching(/^segments\/acme\/rooms%2F42%20%F0/) as string,
    });
  });
});

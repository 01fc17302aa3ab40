import { afterAll, afterEach, describe, expect, it } from "vitest";
import { pendingBatches, type BatchLimits } from "../../src/cli/subscriptions/pending-batches.ts";
import { StreamClient } from "../../src/client/stream-client.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const ETAG = `"00000000-0000-4000-8000-000000000000:${formatOffset(0)}:${formatOffset(9)}"`;
const NO_LIMITS = { messages: 100, bytes: 100 };

const client = new StreamClient({ retry: { firstMs: 1, giveUpAfterMs: 200 } });
let server: ScriptedServer | undefined;

afterAll(() => client.dispose());
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface PageScript {
  readonly type?: string;
  readonly body: string;
  readonly next: string;
  readonly last?: boolean;
  /** Whether it is an answer of a server of ours. */
  readonly own?: boolean;
}

function page({ type = "application/json", body, next, last = false, own = true }: PageScript): Handler {
  return (_request, response) =>
    response
      .writeHead(200, {
        "content-type": type,
        "stream-next-offset": next,
        ...(last ? { "stream-up-to-date": "true" } : {}),
        ...(own ? { etag: ETAG } : {}),
      })
      .end(body);
}

async function batches(from: string, limits: BatchLimits, ...pages: readonly PageScript[]): Promise<unknown[]> {
  server = await startScripted(...pages.map(page));
  const found: unknown[] = [];
  const signal = new AbortController().signal;
  for await (const batch of pendingBatches({ client, url: `${server.url}/s`, from, limits, signal })) {
    const { records, offset, nextOffset } = batch;
    found.push([records.map((record) => Buffer.from(record).toString()), offset, nextOffset]);
  }
  return found;
}

describe("batches of a JSON stream", () => {
  it("go on over the ends of answers, and know their offsets, which count messages", async () => {
    const limits = { messages: 2, bytes: 100 };
    const pages = [
      { body: "[1,2,3]", next: formatOffset(3) },
      { body: "[4,5]", next: formatOffset(5), last: true },
    ];
    expect(await batches("-1", limits, ...pages)).toEqual([
      [["1", "2"], "-1", formatOffset(2)],
      [["3", "4"], formatOffset(2), formatOffset(4)],
      [["5"], formatOffset(4), formatOffset(5)],
    ]);
  });

  it("hold no more bytes than they may, but for a single larger message", async () => {
    const limits = { messages: 100, bytes: 4 };
    const pages = [{ body: '[11,22,"too large",3]', next: formatOffset(14), last: true }];
    expect(await batches(formatOffset(10), limits, ...pages)).toEqual([
      [["11", "22"], formatOffset(10), formatOffset(12)],
      [['"too large"'], formatOffset(12), formatOffset(13)],
      [["3"], formatOffset(13), formatOffset(14)],
    ]);
  });

  it("of another server end with its answers, whose ends alone are offsets that it gave", async () => {
    const limits = { messages: 2, bytes: 100 };
    const pages = [
      { body: "[1,2,3]", next: "x3", own: false },
      { body: "[4]", next: "x4", own: false, last: true },
    ];
    expect(await batches("-1", limits, ...pages)).toEqual([
      [["1", "2"], "-1", undefined],
      [["3"], undefined, "x3"],
      [["4"], "x3", "x4"],
    ]);
  });

  it("of nothing are none", async () => {
    expect(await batches("-1", NO_LIMITS, { body: "[]", next: formatOffset(0), last: true })).toEqual([]);
  });
});

describe("batches of a text stream", () => {
  const text = { type: "text/plain" };

  it("are whole lines, though an answer ends inside of one", async () => {
    const limits = { messages: 1, bytes: 100 };
    const pages = [
      { ...text, body: "one\ntw", next: formatOffset(6) },
      { ...text, body: "o\nthree", next: formatOffset(13), last: true },
    ];
    expect(await batches(formatOffset(0), limits, ...pages)).toEqual([
      [["one\n"], formatOffset(0), formatOffset(4)],
      [["two\n"], formatOffset(4), formatOffset(8)],
      [["three"], formatOffset(8), formatOffset(13)],
    ]);
  });

  it("of another server are acked where an answer ends with a line", async () => {
    const pages = [
      { ...text, body: "one\ntw", next: "x1", own: false },
      { ...text, body: "o\n", next: "x2", own: false, last: true },
    ];
    expect(await batches("x0", { messages: 1, bytes: 100 }, ...pages)).toEqual([
      [["one\n"], "x0", undefined],
      [["two\n"], undefined, "x2"],
    ]);
  });
});

it("batches of bytes hold no more than they may", async () => {
  const pages = [{ type: "application/octet-stream", body: "abcdef", next: formatOffset(6), last: true }];
  expect(await batches(formatOffset(0), { messages: 1, bytes: 4 }, ...pages)).toEqual([
    [["abcd"], formatOffset(0), formatOffset(4)],
    [["ef"], formatOffset(4), formatOffset(6)],
  ]);
});

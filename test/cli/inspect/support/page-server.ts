// A stream that a test serves page by page, so that it can hold a page back, or break off, exactly where it wants.
import { EventEmitter, once } from "node:events";
import { formatOffset, parseOffset, type Position } from "../../../../src/protocol/offset.ts";
import { readEtag } from "../../../../src/protocol/etag.ts";
import { startScripted, type ScriptedServer } from "../../../support/scripted-server.ts";

export interface ServedStream {
  readonly contentType: string;
  /** What each page holds: messages of JSON, else bytes. */
  pages: readonly (readonly string[] | Buffer)[];
  /** `undefined`: a server that is not ours. */
  incarnation: string | undefined;
  /** The tail that HEAD tells. Default: the end of the last page. */
  tail?: Position;
  /** From this page on nothing is answered. */
  holdFrom?: number;
  /** From this page on the server fails. */
  failFrom?: number;
}

export interface PageServer extends ScriptedServer {
  /** Waits until the page has been asked for: whatever came before it has been dealt with. */
  asked(page: number): Promise<void>;
  /** How often each page was asked for. */
  readonly reads: readonly number[];
  /** Counts the reads from nothing again. */
  forget(): void;
}

/** Serves a stream as our server does, offsets and entity tags included. */
export async function startPages(stream: ServedStream): Promise<PageServer> {
  const reads: number[] = stream.pages.map(() => 0);
  const events = new EventEmitter();
  const server = await startScripted(({ method, url = "" }, response) => {
    const starts = stream.pages.reduce<Position[]>((all, each) => [...all, (all.at(-1) ?? 0) + each.length], [0]);
    const last = stream.pages.length - 1;
    const end = starts.at(-1) ?? 0;
    const head = { "content-type": stream.contentType };
    if (method === "HEAD") {
      response.writeHead(200, { ...head, "stream-next-offset": formatOffset(stream.tail ?? end) }).end();
      return;
    }
    const asked = new URL(url, "http://server").searchParams.get("offset") ?? "-1";
    const from = asked === "-1" ? 0 : (parseOffset(asked) ?? 0);
    if (from > end) {
      const error = { code: "OFFSET_BEYOND_TAIL", message: "The offset is beyond the tail." };
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    const page = Math.min(
      last,
      starts.findLastIndex((start) => start <= from),
    );
    reads[page] = (reads[page] ?? 0) + 1;
    events.emit("read");
    if (page >= (stream.holdFrom ?? Infinity)) return;
    if (page >= (stream.failFrom ?? Infinity)) {
      response.writeHead(500).end("broken");
      return;
    }
    const skipped = from - (starts[page] ?? 0);
    const content = stream.pages[page] ?? [];
    const body = Buffer.isBuffer(content) ? content.subarray(skipped) : `[${content.slice(skipped).join(",")}]`;
    const next = starts[page + 1] ?? end;
    const upToDate = page === last;
    const { incarnation } = stream;
    const etag = incarnation && readEtag({ incarnation, start: from, end: next, upToDate, closed: false });
    response.writeHead(200, {
      ...head,
      "stream-next-offset": formatOffset(next),
      ...(upToDate ? { "stream-up-to-date": "true" } : {}),
      ...(etag === undefined ? {} : { etag }),
    });
    response.end(body);
  });
  return {
    ...server,
    reads,
    forget: () => void reads.fill(0),
    requests: server.requests,
    async asked(page) {
      while ((reads[page] ?? 0) === 0) await once(events, "read", { signal: AbortSignal.timeout(60_000) });
    },
  };
}

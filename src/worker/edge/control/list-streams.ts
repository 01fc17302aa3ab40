import { protocolError, quote } from "../../../protocol/errors.ts";
import { LIST_PAGE_DEFAULT, LIST_PAGE_MAX } from "../../../protocol/limits.ts";
import { formatOffset } from "../../../protocol/offset.ts";
import { formatPageCursor, parsePageCursor } from "../../../protocol/page-cursor.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import type { Registration, StreamPage } from "../../directory/operations.ts";
import { withinTime } from "../../segments/within-time.ts";
import type { StreamSummary } from "../../stream/operations.ts";
import { timed } from "../../timing.ts";
import { parseLimit } from "../page-limit.ts";
import { respondError } from "../responses.ts";
import { respondJson } from "./answers.ts";
import type { ControlContext } from "./context.ts";
import { mapBounded } from "./map-bounded.ts";

/** Streams that are asked about themselves at the same time. */
const SUMMARIES_AT_ONCE = 32;

/** Most streams that one page asks, however many were wished for: what one request may ask of objects is limited. */
const SUMMARIES_MAX = 500;

/** How long one of them may take. Then the page fails, and may be asked for again. */
const SUMMARY_PATIENCE_MS = 10_000;

/** How old an entry without a stream has to be to be taken out of the list: a creation stores its stream after the entry. */
const GHOST_MIN_AGE_MS = 60_000;

interface ListQuery {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
  readonly namesOnly: boolean;
}

/** An entry of the list, and the stream itself when it is there. */
interface Asked {
  readonly entry: Registration;
  readonly summary: StreamSummary | undefined;
}

/**
 * `GET .../__ds/streams`: the project's streams in the order of their paths' bytes, in pages. What the directory knows of
 * a stream never changes, so that appends need not tell it; what does change each stream is asked for. A page may be
 * shorter than was wished for and all the same not be the last: that is where `next_cursor` is `null`.
 */
export async function handleListStreams(context: ControlContext): Promise<Response> {
  const query = parseListQuery(context.url.searchParams);
  if (!query.ok) return respondError(query.error);
  const { prefix, after, limit, namesOnly } = query.value;
  const { streams, more } = await timed(context.timing, "object", async (): Promise<StreamPage> =>
    context.directory.streams(prefix, after, namesOnly ? limit : Math.min(limit, SUMMARIES_MAX)),
  );
  const last = more ? streams.at(-1) : undefined;
  return respondJson({
    streams: namesOnly ? streams.map(({ path }) => ({ path })) : await summaries(context, streams),
    next_cursor: last === undefined ? null : formatPageCursor(last.path),
  });
}

function parseListQuery(query: URLSearchParams): Parsed<ListQuery> {
  const after = parsePageCursor(query.get("cursor"));
  if (!after.ok) return after;
  const limit = query.has("limit") ? parseLimit(query.get("limit"), LIST_PAGE_MAX) : parsed(LIST_PAGE_DEFAULT);
  if (!limit.ok) return limit;
  const fields = query.get("fields");
  if (fields !== null && fields !== "name") {
    const message = `fields=${quote(fields)} is not known; use fields=name for paths alone, or leave it out.`;
    return failed(protocolError("INVALID_FIELD", message));
  }
  return parsed({
    prefix: query.get("prefix") ?? "",
    after: after.value,
    limit: limit.value,
    namesOnly: fields !== null,
  });
}

/** What the streams say of themselves. Entries whose stream is not there are left out, and taken out when they stay. */
async function summaries(context: ControlContext, entries: readonly Registration[]): Promise<object[]> {
  const { project, streams } = context;
  const asked = await mapBounded(entries, SUMMARIES_AT_ONCE, async (entry): Promise<Asked> => {
    const summary = streams.getByName(`${project}/${entry.path}`).summary();
    return { entry, summary: await withinTime(SUMMARY_PATIENCE_MS, summary, "A stream") };
  });
  removeGhosts(
    context,
    asked.filter(({ summary }) => summary === undefined).map(({ entry }) => entry),
  );
  return asked.flatMap(({ entry, summary }) => (summary === undefined ? [] : [facts(entry.path, summary)]));
}

/** Creations that broke off, and ends that were never told, leave entries behind. Nobody waits for their removal. */
function removeGhosts({ directory, later }: ControlContext, ghosts: readonly Registration[]): void {
  const oldest = Date.now() - GHOST_MIN_AGE_MS;
  const gone = ghosts.filter(({ createdAtMs }) => createdAtMs < oldest);
  if (gone.length === 0) return;
  const refs = gone.map(({ path, incarnation }) => ({ path, incarnation }));
  const removed = directory.unregisterAll(refs).catch((error: unknown) => {
    console.error("Entries of streams that are not there could not be taken out of the list:", error);
  });
  later(Promise.resolve(removed));
}

function facts(path: string, { contentType, tail, closed, expiry, ...stream }: StreamSummary): object {
  return {
    path,
    content_type: contentType,
    next_offset: formatOffset(tail),
    closed,
    public: stream.public,
    created_at: instant(stream.createdAtMs),
    expires_at: stream.endsAtMs === undefined ? null : instant(stream.endsAtMs),
    ...(expiry.kind === "ttl" ? { ttl_seconds: expiry.ttlSeconds } : {}),
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

import { protocolError, quote } from "../../protocol/errors.ts";
import { parseOffsetQuery, type OffsetQuery } from "../../protocol/offset.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** What the query of a `GET` asks for. */
export interface ReadQuery {
  readonly from: OffsetQuery;
  readonly live: "no" | "long-poll" | "sse";
  readonly cursor: string | null;
}

export function parseReadQuery(params: URLSearchParams): Parsed<ReadQuery> {
  const offsets = params.getAll("offset");
  const [offset] = offsets;
  if (offsets.length > 1) {
    return failed(
      protocolError("INVALID_OFFSET", `The query has ${String(offsets.length)} offset parameters; send one.`),
    );
  }
  const live = params.get("live");
  if (live !== null && live !== "long-poll" && live !== "sse") {
    return failed(
      protocolError(
        "INVALID_LIVE_MODE",
        `live=${quote(live)} is unknown; use live=long-poll or live=sse, or leave it out.`,
      ),
    );
  }
  if (offset === undefined && live !== null) {
    return failed(
      protocolError(
        "OFFSET_REQUIRED",
        `A live read needs an offset; send offset=-1, offset=now, or the Stream-Next-Offset of your last answer.`,
      ),
    );
  }
  const from: OffsetQuery | undefined = offset === undefined ? { kind: "start" } : parseOffsetQuery(offset);
  if (from === undefined) {
    return failed(
      protocolError(
        "INVALID_OFFSET",
        `offset=${quote(offset ?? "")} is no offset of this server; use -1, now, or a Stream-Next-Offset it gave you.`,
      ),
    );
  }
  return parsed({ from, live: live ?? "no", cursor: params.get("cursor") });
}

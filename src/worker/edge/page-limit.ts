import { protocolError, quote } from "../../protocol/errors.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** The size of a page, as the query asks for it; `usual` without that, which is the most there may be if nobody says so. */
export function parseLimit(text: string | null, most: number, usual = most): Parsed<number> {
  if (text === null) return parsed(usual);
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= most) return parsed(limit);
  return failed(
    protocolError("INVALID_LIMIT", `limit=${quote(text)} must be a whole number from 1 to ${String(most)}.`),
  );
}

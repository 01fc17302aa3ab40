/**
 * Offsets (section 8): opaque to clients, `<16 digits>_<16 digits>` to us. The second group is the position: messages
 * for `application/json`, bytes for everything else. The first group is reserved and zero, so bytewise order is the
 * order of positions.
 */

const GROUP_DIGITS = 16;
const RESERVED_GROUP = "0".repeat(GROUP_DIGITS);
const SHAPE = /^(\d{16})_(\d{16})$/;

/** A decoded offset: a whole number of messages (JSON) or bytes, from 0 to 2^53 - 1. */
export type Position = number;

/** The offset of the first message of every stream. */
export const FIRST_OFFSET = formatOffset(0);

/** What the `offset` query parameter asks for. */
export type OffsetQuery =
  { readonly kind: "start" } | { readonly kind: "now" } | { readonly kind: "position"; readonly position: Position };

export function formatOffset(position: Position): string {
  return `${RESERVED_GROUP}_${String(position).padStart(GROUP_DIGITS, "0")}`;
}

/** The position an offset stands for, or `undefined` when we cannot have minted it. */
export function parseOffset(text: string): Position | undefined {
  const groups = SHAPE.exec(text);
  if (groups?.[1] !== RESERVED_GROUP) return undefined;
  const position = Number(groups[2]);
  return Number.isSafeInteger(position) ? position : undefined;
}

/** Reads an `offset` query value with its sentinels `-1` and `now` (section 8); `undefined` when it is malformed. */
export function parseOffsetQuery(text: string): OffsetQuery | undefined {
  if (text === "-1") return { kind: "start" };
  if (text === "now") return { kind: "now" };
  const position = parseOffset(text);
  return position === undefined ? undefined : { kind: "position", position };
}

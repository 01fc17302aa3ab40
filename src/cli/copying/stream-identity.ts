import type { PageHead } from "../../client/catch-up.ts";
import { isClientError } from "../../client/errors/client-error.ts";

/** What the first answer says of the stream, and every later one has to repeat. */
export interface StreamIdentity {
  readonly contentType: string;
  /** `undefined` where the server does not tell creations of a name apart. */
  readonly incarnation: string | undefined;
}

/** Whether offsets can be made from positions: our server's count them, other servers' are opaque (section 8). */
export function countsPositions(identity: StreamIdentity | undefined): boolean {
  return identity?.incarnation !== undefined;
}

/** What an answer adds to what is known of the stream. Throws what `replaced` makes where it is of another one. */
export function sameStream(
  { contentType, incarnation }: PageHead,
  known: StreamIdentity | undefined,
  replaced: () => Error,
): StreamIdentity {
  // Something on the way may leave the entity tag out of an answer; only another one says that the stream is another.
  const isOther = known?.incarnation !== undefined && incarnation !== undefined && incarnation !== known.incarnation;
  if (isOther || (known !== undefined && known.contentType !== contentType)) throw replaced();
  return { contentType, incarnation: known?.incarnation ?? incarnation };
}

/** The failures of a read, where they say more here than they do by themselves: this offset was once inside the stream. */
export function readFailure(error: unknown, replaced: () => Error): unknown {
  return isClientError(error) && error.code === "OFFSET_BEYOND_TAIL" ? replaced() : error;
}

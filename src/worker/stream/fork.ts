import { protocolError } from "../../protocol/errors.ts";
import type { Expiry } from "../../protocol/expiry.ts";
import { resolveFork, type ForkOrigin, type ForkRequest } from "../../protocol/fork.ts";
import { readMessages } from "../../protocol/messages.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import type { ForkReference } from "../storage/fork-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { NewStream } from "./create.ts";
import type { CreateRequest } from "./operations.ts";
import type { StreamState } from "./state.ts";

/** What a source lends to a fork, once it has written down that the fork needs it. */
export interface ForkGrant {
  readonly origin: ForkOrigin;
  readonly contentType: string;
  readonly expiry: Expiry;
}

/** What a fork asks of its source. */
export interface GrantRequest {
  readonly reference: ForkReference;
  readonly fork: ForkRequest;
  /** What the creation says; `undefined` when it takes the source's. */
  readonly contentType: string | undefined;
  /** Whether only a public stream may be forked: anything else is as if it was not there. */
  readonly publicOnly?: boolean;
  /** Until when the reference may be taken, in Unix milliseconds. The fork may have given it back by a later time. */
  readonly untilMs: number;
}

/** The source's side: decides about a fork, and takes it among those that need the stream. */
export function grantFork(
  storage: StreamStorage,
  state: StreamState,
  request: GrantRequest,
  nowMs: number,
): Parsed<ForkGrant> {
  if (nowMs > request.untilMs) return failed(TOO_LATE);
  if (request.publicOnly === true && !state.public) return noSource(request.fork.source, false);
  const origin = resolveFork(state, request.fork, request.contentType);
  if (!origin.ok) return origin;
  storage.transaction(() => {
    storage.forks.add(request.reference);
  });
  return parsed({ origin: origin.value, contentType: state.contentType, expiry: state.expiry });
}

/** The source could not be asked in time. Nothing was made. */
export const TOO_LATE = protocolError(
  "UNAVAILABLE",
  "It took too long until the stream to fork could be asked; send the request again.",
);

/** Why a stream that is not there, or not any more, cannot be forked. */
export function noSource(name: string, isGone: boolean): Parsed<never> {
  return failed(
    isGone
      ? protocolError(
          "FORK_SOURCE_GONE",
          `The stream ${name} was deleted and is only there for its forks; fork one of them instead.`,
        )
      : protocolError("FORK_SOURCE_NOT_FOUND", `There is no stream ${name} to fork; check Stream-Forked-From.`),
  );
}

/** The fork's side: what it will be, with everything that its creation left to the source (the table of section 4.2). */
export function toFork(
  request: CreateRequest,
  incarnation: string,
  grant: ForkGrant,
  createdAtMs: number,
): Parsed<NewStream> {
  const { origin } = grant;
  const contentType = request.contentType ?? grant.contentType;
  const messages =
    request.unparsedBody === undefined ? parsed(request.messages) : readMessages(contentType, request.unparsedBody);
  if (!messages.ok) return messages;
  const config = { contentType, expiry: request.expiry ?? grant.expiry, public: request.public ?? false };
  return parsed({ request: { ...request, messages: messages.value }, config, fork: origin, incarnation, createdAtMs });
}

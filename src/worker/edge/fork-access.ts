import { protocolError } from "../../protocol/errors.ts";
import { yieldsToPublic } from "../auth/public-refusal.ts";
import type { HeadOutcome } from "../stream/operations.ts";
import { timed } from "../timing.ts";
import type { StreamContext } from "./context.ts";
import type { RequestedFork } from "./fork-request.ts";
import { respondError } from "./responses.ts";

/** What a creation may fork. */
export type ForkAccess =
  | { readonly kind: "any" }
  /** The source only as long as it is public: by the time it is forked another stream may have its name. */
  | { readonly kind: "public" }
  | { readonly kind: "refused"; readonly response: Response };

/**
 * Whoever forks a stream reads it: what decides about reads is asked about the source too. Where nothing does, a fork
 * stays within its project. A public stream is forked by everybody who may write where the fork is to be.
 */
export async function forkAccess(
  context: StreamContext,
  { request: { source }, sourceUrl }: RequestedFork,
): Promise<ForkAccess> {
  if (context.readsAreOpen) {
    return projectOf(source) === projectOf(context.name) ? { kind: "any" } : refuseAcross(source);
  }
  const refusal = await context.refuseRead(sourceUrl, source);
  if (refusal === undefined) return { kind: "any" };
  const isPublic = yieldsToPublic(refusal) && (await isPublicStream(context, source));
  return isPublic ? { kind: "public" } : { kind: "refused", response: refusal };
}

async function isPublicStream({ streams, timing }: StreamContext, name: string): Promise<boolean> {
  const head = await timed(timing, "source", async (): Promise<HeadOutcome> => streams.getByName(name).head());
  return head.kind === "found" && head.public;
}

function refuseAcross(source: string): ForkAccess {
  const message = `The stream ${source} is in another project, and nothing here decides who may read it; fork within a project.`;
  return { kind: "refused", response: respondError(protocolError("FORK_ACROSS_PROJECTS", message)) };
}

function projectOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}

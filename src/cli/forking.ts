import { isClientError } from "../client/errors/client-error.ts";
import { FIRST_OFFSET } from "../protocol/offset.ts";
import { usageFailure } from "./command-failure.ts";
import { inOurWords } from "./mistaken-value.ts";
import type { ErrorReport } from "./report.ts";
import { noOffset, requireOffsetText } from "./wire-values.ts";

/** A fork and its source share what they hold, so they cannot lie on two servers. */
export function requireSameServer(source: string, url: string): void {
  const [from, to] = [new URL(source).origin, new URL(url).origin];
  if (from === to) return;
  throw usageFailure(
    `A fork lies on its source's server: ${source} is on ${from}, and ${url} on ${to}.`,
    "Name a stream of the same server, or copy it with read and append.",
  );
}

/** What protocol and server could not make sense of. */
export function requireForkPoint(offset: string | undefined, subOffset: number | undefined): void {
  if (offset === "now")
    throw usageFailure("--offset now is not an offset.", "Leave it out to fork at the present end.");
  if (offset === "-1") throw noOffset(offset, "--offset", `A durable-streams server's first one is ${FIRST_OFFSET}.`);
  if (offset !== undefined) requireOffsetText(offset, "--offset");
  if (offset === undefined && subOffset !== undefined && subOffset > 0) {
    throw usageFailure("--sub-offset counts on from --offset, and there is none.", "Give both, or leave both out.");
  }
}

/** What a server says of its headers, in the words of the command line. */
export function forkReport(error: unknown, report: ErrorReport): ErrorReport {
  return isClientError(error) ? { ...report, message: inOurWords(report.message) } : report;
}

import { string } from "@oclif/core/flags";
import { isClientError } from "../../client/errors/client-error.ts";
import { LEASE_MAX_MS, LEASE_MIN_MS } from "../../protocol/limits.ts";
import { parsePattern } from "../../protocol/subscription/glob.ts";
import { parseDurationSeconds } from "../duration.ts";
import { usageFailure } from "../command-failure.ts";
import { sameServer } from "../projects/same-server.ts";
import type { ErrorReport } from "../report.ts";
import { ServerCommand } from "../server-command.ts";
import { EXIT } from "../exit-codes.ts";
import { refusalReport } from "./refusal-report.ts";

/** Which streams a subscription is about. */
export const STREAMS_FLAGS = {
  pattern: string({
    summary: "Streams whose names match: * is one segment, ** any number of them.",
    helpValue: "GLOB",
  }),
  stream: string({
    char: "s",
    summary: "A stream by its name, beside --pattern too.",
    helpValue: "STREAM",
    multiple: true,
  }),
};

export const LEASE_FLAG = {
  lease: string({
    summary: "How long a worker may be silent before another one gets its work: 1s to 10m (default: 30s).",
    helpValue: "DURATION",
  }),
};

/** A command about subscriptions: what a server refuses is told with the command that would mend it. */
export abstract class SubscriptionCommand extends ServerCommand {
  /** The flags that lead another command to the same server. */
  protected get sameServer(): string {
    return sameServer(this.target.flags);
  }

  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    // Who was not let in is told what it was sent with.
    if (!isClientError(error) || report.exitCode === EXIT.notAllowed) return report;
    const { url, project } = this.target;
    return refusalReport(error, report, { bin: this.config.bin, server: url, project, sameServer: this.sameServer });
  }
}

/** `--lease` in milliseconds. */
export function leaseMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDurationSeconds(text, "--lease") * 1000;
  if (ms >= LEASE_MIN_MS && ms <= LEASE_MAX_MS) return ms;
  throw usageFailure(`--lease ${text} is not from 1 second to 10 minutes.`, "Write it like --lease 30s.");
}

/** Refuses a subscription to nothing, and a pattern that means nothing. */
export function requireStreams({
  pattern,
  stream,
}: {
  readonly pattern?: string | undefined;
  readonly stream?: readonly string[] | undefined;
}): void {
  if (pattern !== undefined) {
    const normal = parsePattern(pattern);
    if (normal.ok) return;
    throw usageFailure(
      `--pattern is refused. ${normal.error.message}`,
      "Write it like --pattern 'orders/*', or 'orders/**'.",
    );
  }
  if (stream !== undefined && stream.length > 0) return;
  throw usageFailure(
    "Which streams are meant is not said.",
    "Name them by --pattern 'events/*' or by --stream events/a, or both.",
  );
}

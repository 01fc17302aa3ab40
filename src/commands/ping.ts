import { string as stringArg } from "@oclif/core/args";
import { integer, string } from "@oclif/core/flags";
import type { ClientError } from "../client/errors/client-error.ts";
import { measureConnection } from "../client/connection-times.ts";
import { parseDurationMs } from "../cli/duration.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { pings, type Pong } from "../cli/ping/ping.ts";
import { connectionText, pongText, summaryText } from "../cli/ping/ping-text.ts";
import { timesOf } from "../cli/ping/quantiles.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { writeOutput } from "../cli/standard-output.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const INTERVAL_MAX_MS = 3_600_000;

export default class Ping extends ServerCommand {
  static override summary = "Measure how far a server is: connection, TLS, and the time to an answer.";

  static override description = `Opens a connection to see how long that takes, then asks for the server's health, again and again over one connection; with a STREAM it asks for the beginning of that stream instead, which other servers answer as well, and shows what caches on the way say.
The time of a request ends when the head of its answer is there. The first answer waits for the connection to be opened as well: it is shown apart and not in min, p50, p99 and max. A server with DEBUG_TIMING=1 also tells its own share.
Exits 7 when a request was not answered or failed, 4 or 3 when it was refused.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> -c 100 --interval 1s",
    "<%= config.bin %> <%= command.id %> orders --json",
  ];

  static override args = {
    stream: stringArg({
      ignoreStdin: true,
      description: "A stream to read the beginning of (default: the server's health).",
    }),
  };

  static override flags = {
    count: integer({ char: "c", summary: "Ask so many times.", default: 5, min: 1, max: 1_000_000 }),
    interval: string({
      summary: "Wait so long in between; a bare number is milliseconds.",
      helpValue: "TIME",
      default: "200ms",
    }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Ping);
    const intervalMs = parseDurationMs(flags.interval, "--interval", INTERVAL_MAX_MS);
    const { stream } = args;
    const about = stream === undefined ? new URL("/v1/health", flags.url).href : this.streamUrl(flags, stream);
    const url = stream === undefined ? about : `${about}?offset=-1`;
    const client = await this.connect(flags);
    const signal = this.interruptSignal();
    const connection = await measureConnection(url, CONNECT_TIMEOUT_MS);
    const show = async (text: string): Promise<void> => (flags.json ? undefined : writeOutput(text));
    await show(connectionText(url, connection));
    const pongs: Pong[] = [];
    let refusal: ClientError | undefined;
    const options = { method: "GET", url, about, count: flags.count, intervalMs, signal } as const;
    for await (const pinged of pings((request) => client.send(request), options)) {
      const { pong } = pinged;
      refusal ??= pinged.refusal;
      pongs.push(pong);
      await show(pongText(pong));
    }
    const answered = pongs.flatMap(({ timeMs }) => timeMs ?? []);
    // The first answer waits for the connection as well.
    const [firstMs, ...others] = answered;
    const times = timesOf(others);
    await show(summaryText({ sent: pongs.length, answered: answered.length, firstMs, times }));
    if (refusal !== undefined && !flags.json) this.notices.failure(this.report(refusal), refusal);
    process.exitCode = signal.aborted ? this.interruptExitCode : exitCodeOf(pongs);
    return { url, connection, pings: pongs, firstMs, times };
  }
}

const REFUSALS = new Map<number, number>([
  [401, EXIT.notAllowed],
  [403, EXIT.notAllowed],
  [404, EXIT.notFound],
]);

function exitCodeOf(pongs: readonly Pong[]): number {
  const bad = pongs.find(({ status }) => status === undefined || status >= 400);
  if (bad === undefined) return EXIT.done;
  return REFUSALS.get(bad.status ?? 0) ?? EXIT.retry;
}

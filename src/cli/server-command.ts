import { string } from "@oclif/core/flags";
import { DamagedHistoryError } from "../client/errors/damaged-history-error.ts";
import { isClientError } from "../client/errors/client-error.ts";
import { StreamGoneError } from "../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../client/errors/stream-not-found-error.ts";
import { StreamClient } from "../client/stream-client.ts";
import { BaseCommand } from "./base-command.ts";
import { usageFailure } from "./command-failure.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { interruptSignal } from "./interrupt.ts";
import { damagedStreamReport, goneStreamReport, missingStreamReport, type NamedStream } from "./missing-stream.ts";
import type { ErrorReport } from "./report.ts";
import { DEFAULT_SERVER_URL, streamUrl } from "./server-address.ts";
import { readTokenFromStdin, requireToken } from "./token.ts";

/** A mistyped URL should be told soon; a server that is just starting is waited for. */
const FIRST_ANSWER_GIVE_UP_MS = 5_000;
const RETRY_NOTE_EVERY_MS = 5_000;

/** What the flags of this class say, as `parse` returns them. */
interface ServerFlags {
  readonly url: string;
  readonly project?: string | undefined;
  readonly token?: string | undefined;
}

/** A command that talks to a server: `--url`, `--project` and `--token`, and the client that they make. */
export abstract class ServerCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    url: string({
      summary: "The server; with a path of its own, the root of its streams.",
      helpGroup: "GLOBAL",
      helpValue: "URL",
      env: "DURABLE_STREAMS_URL",
      default: DEFAULT_SERVER_URL,
    }),
    project: string({
      summary: "The project whose streams are meant (default: the server's default project).",
      helpGroup: "GLOBAL",
      helpValue: "NAME",
      env: "DURABLE_STREAMS_PROJECT",
    }),
    token: string({
      summary: "Sent as a Bearer token; - reads it from stdin, which keeps it out of the process list.",
      helpGroup: "GLOBAL",
      helpValue: "TOKEN",
      env: "DURABLE_STREAMS_TOKEN",
      // Otherwise the manifest, or help, could print what the environment holds.
      noCacheDefault: true,
    }),
  };

  #client: StreamClient | undefined;
  /** The streams that the command line names, by URL. */
  readonly #named = new Map<string, NamedStream>();
  #lastRetryNoteMs = -Infinity;
  #interrupt: ReturnType<typeof interruptSignal> | undefined;

  /** The URL of the stream that an argument names. */
  protected streamUrl(flags: ServerFlags, stream: string): string {
    const { url: server, project } = flags;
    const url = streamUrl({ url: server, project }, stream);
    this.#named.set(url, { name: stream, server, project });
    return url;
  }

  /** A client with the credentials of the flags. It is disposed of when the command ends. */
  protected async connect(flags: ServerFlags, stdinIsData = false): Promise<StreamClient> {
    const given = flags.token === "-" ? await this.#tokenFromStdin(stdinIsData) : flags.token;
    const token = given === undefined ? undefined : requireToken(given);
    const trace = process.env["DURABLE_STREAMS_DEBUG"] === "api" ? traceToStderr : undefined;
    const retry = { giveUpAfterMs: FIRST_ANSWER_GIVE_UP_MS, onRetry: this.noteRetry };
    const client = new StreamClient({ token, userAgent: this.config.userAgent, trace, retry });
    this.#client = client;
    return client;
  }

  /** Says once in a while that the server is being waited for, and for how long. */
  protected readonly noteRetry = (error: unknown, _waitMs: number, leftMs: number): void => {
    const nowMs = performance.now();
    if (nowMs - this.#lastRetryNoteMs < RETRY_NOTE_EVERY_MS) return;
    this.#lastRetryNoteMs = nowMs;
    const problem = error instanceof Error ? error.message : String(error);
    this.notices.note(`${problem} Trying again for ${roughly(leftMs)}.`);
  };

  #tokenFromStdin(stdinIsData: boolean): Promise<string> {
    if (!stdinIsData) return readTokenFromStdin();
    throw usageFailure(
      "stdin cannot give both the token and the data.",
      "Give the data by --file, or the token by DURABLE_STREAMS_TOKEN.",
    );
  }

  /** Aborted by Ctrl-C and SIGTERM; a command that uses it ends in order. Until then both end it on the spot. */
  protected interruptSignal(): AbortSignal {
    this.#interrupt ??= interruptSignal();
    return this.#interrupt.signal;
  }

  /** What an ended command exits with. */
  protected get interruptExitCode(): ExitCode {
    return this.#interrupt?.exitCode ?? EXIT.interrupted;
  }

  protected override report(error: unknown): ErrorReport {
    const named = isClientError(error) ? this.#named.get(error.url) : undefined;
    if (named === undefined) return super.report(error);
    const { id = "" } = this;
    const { bin } = this.config;
    // A server that has no place for a new stream is another matter, and so is a code of another meaning.
    if (error instanceof StreamNotFoundError && MISSING.has(error.code) && id !== "create") {
      return missingStreamReport(error, named, bin, id !== "fork" && !id.startsWith("inspect"));
    }
    // Of other servers' reads 410 may also say that an offset is no longer kept (section 5.6).
    if (error instanceof StreamGoneError && (error.explained || !READS.has(id))) return goneStreamReport(error, named);
    if (error instanceof DamagedHistoryError) return damagedStreamReport(error, named, bin);
    return super.report(error);
  }

  /** What the interruption itself throws is no failure to report. */
  protected override catch(error: Error): Promise<void> {
    const signal = this.#interrupt?.signal;
    if (signal?.aborted !== true || error !== signal.reason) return super.catch(error);
    process.exitCode = this.interruptExitCode;
    return Promise.resolve();
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.#interrupt?.dispose();
    await this.#client?.dispose();
    await super.finally(error);
  }
}

const MISSING: ReadonlySet<string> = new Set(["STREAM_NOT_FOUND", "FORK_SOURCE_NOT_FOUND"]);
const READS: ReadonlySet<string> = new Set(["read", "tail", "inspect:export"]);

/** A time to wait, for people. */
function roughly(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${String(seconds)} s` : `${String(Math.round(seconds / 60))} minutes`;
}

function traceToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

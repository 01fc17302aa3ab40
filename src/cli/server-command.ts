import { string } from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { AccessDeniedError } from "../client/errors/access-denied-error.ts";
import { ConnectionError } from "../client/errors/connection-error.ts";
import { DamagedHistoryError } from "../client/errors/damaged-history-error.ts";
import { isClientError } from "../client/errors/client-error.ts";
import { StreamGoneError } from "../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../client/errors/stream-not-found-error.ts";
import { StreamClient } from "../client/stream-client.ts";
import { BaseCommand } from "./base-command.ts";
import { usageFailure } from "./command-failure.ts";
import { isTyped, wishesOf } from "./config/command-target.ts";
import { resolveTarget, type Target, untrustedOrigin } from "./config/resolve-target.ts";
import { deniedReport } from "./denied-access.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { ViewEnd, ViewOptions } from "./full-screen.ts";
import { interruptSignal } from "./interrupt.ts";
import { mistakenValueReport } from "./mistaken-value.ts";
import {
  damagedStreamReport,
  goneStreamReport,
  isPattern,
  missingStreamReport,
  type NamedStream,
} from "./missing-stream.ts";
import type { Around } from "./near-stream.ts";
import type { ErrorReport } from "./report.ts";
import { DEFAULT_SERVER_URL, isUrl, namedStreamUrl, streamRoot, streamUrl } from "./server-address.ts";
import { readTokenFromStdin, requireToken } from "./token.ts";
import { RequestTokens } from "./tokens/request-tokens.ts";
import { Trace } from "./trace.ts";

/** A mistyped URL should be told soon; a server that is just starting is waited for. */
const FIRST_ANSWER_GIVE_UP_MS = 5_000;
const RETRY_NOTE_EVERY_MS = 5_000;

/** What the flags of this class say, as `parse` returns them: the URL and the project that are meant in the end. */
interface ServerFlags {
  readonly url: string;
  readonly project?: string | undefined;
  readonly token?: string | undefined;
}

/**
 * A command that talks to a server: `--url`, `--project`, `--context` and `--token`, what the environment, the folder
 * and the contexts say instead, and the client that they make.
 */
export abstract class ServerCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    url: string({
      summary: "The server; with a path of its own, the root of its streams. A context may name another by default.",
      helpGroup: "GLOBAL",
      helpValue: "URL",
      env: "DURABLE_STREAMS_URL",
      default: DEFAULT_SERVER_URL,
    }),
    project: string({
      summary: "The project whose streams are meant (default: the context's, or the server's default project).",
      helpGroup: "GLOBAL",
      helpValue: "NAME",
      env: "DURABLE_STREAMS_PROJECT",
    }),
    context: string({
      char: "C",
      summary: "The saved server and project to use (default: the active context).",
      helpGroup: "GLOBAL",
      helpValue: "NAME",
      env: "DURABLE_STREAMS_CONTEXT",
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

  #target: Target | undefined;
  #isTokenTyped = false;
  #tokens: RequestTokens | undefined;
  readonly #clients: StreamClient[] = [];
  /** The streams that the command line names, by URL. */
  readonly #named = new Map<string, NamedStream>();
  /** What is around the stream that was missing. */
  #around: Around | undefined;
  #lastRetryNoteMs = -Infinity;
  /** Whether a full-screen view has the terminal: what is written beside it would tear it. */
  #isScreenTaken = false;
  readonly #trace = new Trace();
  #interrupt: ReturnType<typeof interruptSignal> | undefined;

  /** Puts in the place of `--url` and `--project` what is meant in the end. */
  protected override async parse<
    F extends Record<string, unknown>,
    B extends Record<string, unknown>,
    A extends Record<string, unknown>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv);
    this.#isTokenTyped = isTyped(parsed, "token");
    const places = { directory: process.cwd(), folder: this.configFolder };
    const target = await resolveTarget({ ...wishesOf(parsed), ...places });
    Object.assign(parsed.flags, { url: target.url, project: target.project });
    this.#target = target;
    return parsed;
  }

  /** The server that is meant, and who says so. Known once the flags are. */
  protected get target(): Target {
    if (this.#target === undefined) throw new Error("the flags are not parsed yet");
    return this.#target;
  }

  /** The URL of the stream that an argument names. */
  protected streamUrl(flags: ServerFlags, stream: string): string {
    const { url: server, project } = flags;
    const url = streamUrl({ url: server, project }, stream);
    this.#named.set(url, { name: stream, server, project, flags: this.target.flags });
    return url;
  }

  /** The URL of a stream that was not typed: its name comes from a server, or from a file. */
  protected namedStreamUrl({ url, project }: ServerFlags, name: string): string {
    return namedStreamUrl({ url, project }, name);
  }

  /** The URL below which the project's streams are, and what the server tells of them all. */
  protected streamRoot({ url, project }: ServerFlags): string {
    return streamRoot({ url, project });
  }

  /** A client with the user's credentials. It is disposed of when the command ends. */
  protected async connect(flags: ServerFlags, stdinIsData = false): Promise<StreamClient> {
    const tokens = await this.tokensFor(flags, stdinIsData);
    this.#tokens = tokens;
    return this.clientWith(tokens);
  }

  /** A client with other credentials. It is disposed of when the command ends. */
  protected clientWith(tokens: RequestTokens): StreamClient {
    const retry = { giveUpAfterMs: FIRST_ANSWER_GIVE_UP_MS, onRetry: this.noteRetry };
    const trace = process.env["DURABLE_STREAMS_DEBUG"] === "api" ? this.#trace.write : undefined;
    const client = new StreamClient({ token: tokens.provide, userAgent: this.config.userAgent, trace, retry });
    this.#clients.push(client);
    return client;
  }

  /** The tokens of requests to the server that is meant, or to another target. */
  protected async tokensFor(
    { token: flag }: ServerFlags,
    stdinIsData = false,
    target = this.target,
  ): Promise<RequestTokens> {
    const given = flag === "-" ? await this.#tokenFromStdin(stdinIsData) : flag;
    const token = given === undefined ? undefined : requireToken(given);
    if (token !== undefined && this.#isTokenTyped) requireTrust(target);
    return new RequestTokens({
      folder: this.configFolder,
      token: token === undefined ? undefined : { value: token, from: this.#isTokenTyped ? "flag" : "environment" },
      signingSecret: variable("DURABLE_STREAMS_SIGNING_SECRET"),
      operatorSecret: variable("DURABLE_STREAMS_OPERATOR_SECRET"),
      untrustedOrigin: untrustedOrigin(target),
    });
  }

  /** Says once in a while that the server is being waited for, and for how long. */
  protected readonly noteRetry = (error: unknown, _waitMs: number, leftMs: number): void => {
    const nowMs = performance.now();
    if (this.#isScreenTaken) return;
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
    this.#interrupt ??= interruptSignal(() => this.insist());
    return this.#interrupt.signal;
  }

  /** Gives the terminal to a full-screen view until that is left. */
  protected async onScreen(view: (options: ViewOptions) => Promise<ViewEnd>): Promise<void> {
    this.#isScreenTaken = true;
    this.#trace.hold();
    try {
      const hasColours = !process.env["NO_COLOR"];
      const { interrupted, farewell } = await view({ signal: this.interruptSignal(), hasColours });
      this.#trace.release();
      if (farewell !== undefined) this.notices.note(farewell);
      if (interrupted) process.exitCode = this.interruptExitCode;
    } finally {
      this.#isScreenTaken = false;
      this.#trace.release();
    }
  }

  /** A further Ctrl-C: true if what holds the command up was ended, and it ends by itself; false ends it on the spot. */
  protected insist(): boolean {
    return false;
  }

  /** What an ended command exits with. */
  protected get interruptExitCode(): ExitCode {
    return this.#interrupt?.exitCode ?? EXIT.interrupted;
  }

  protected override report(error: unknown): ErrorReport {
    if (error instanceof AccessDeniedError) return this.#denied(error);
    if (error instanceof ConnectionError && this.#target !== undefined && this.#target.unusedContexts > 0) {
      return { ...super.report(error), hint: noActiveContext(this.#target.unusedContexts, this.config.bin) };
    }
    if (isClientError(error) && error.code === "OFFSET_BEYOND_TAIL" && this.id !== "api") {
      const report = super.report(error);
      return { ...report, message: report.message.replace("Read from offset=-1.", "Read from --offset -1.") };
    }
    const mistake = isClientError(error) ? mistakenValueReport(error) : undefined;
    if (mistake !== undefined) return mistake;
    const named = isClientError(error) ? this.#named.get(error.url) : undefined;
    if (named === undefined) return super.report(error);
    const { id = "" } = this;
    const { bin } = this.config;
    // A server that has no place for a new stream is another matter, and so is a code of another meaning.
    if (isMissing(error) && id !== "create")
      return missingStreamReport(error, named, { bin, id, around: this.#around });
    // Of other servers' reads 410 may also say that an offset is no longer kept (section 5.6).
    if (error instanceof StreamGoneError && (error.explained || !READS.has(id))) return goneStreamReport(error, named);
    if (error instanceof DamagedHistoryError) return damagedStreamReport(error, named, bin);
    return super.report(error);
  }

  #denied(error: AccessDeniedError): ErrorReport {
    const request = this.#tokens?.lastFor(error.url);
    if (request === undefined) return super.report(error);
    const { origin: server } = new URL(error.url);
    return deniedReport(error, request, { bin: this.config.bin, server, target: this.target });
  }

  /** What the interruption itself throws is no failure to report. */
  protected override async catch(error: Error): Promise<void> {
    const signal = this.#interrupt?.signal;
    if (signal?.aborted === true && error === signal.reason) {
      process.exitCode = this.interruptExitCode;
      return;
    }
    await this.#lookAround(error);
    await super.catch(error);
  }

  /** Asks the server, once and quietly, what a missing stream was probably meant to be. */
  async #lookAround(error: Error): Promise<void> {
    if (!isMissing(error) || this.#tokens === undefined || this.id === "create") return;
    const named = this.#named.get(error.url);
    if (named === undefined || isUrl(named.name) || isPattern(named.name)) return;
    const { lookAround } = await import("./near-stream.ts");
    const retry = { giveUpAfterMs: 0 };
    const client = new StreamClient({ token: this.#tokens.provide, userAgent: this.config.userAgent, retry });
    this.#clients.push(client);
    this.#around = await lookAround(
      client.directory(streamRoot({ url: named.server, project: named.project })),
      named.name,
    );
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.#interrupt?.dispose();
    await Promise.all(this.#clients.map((client) => client.dispose()));
    await super.finally(error);
  }
}

const MISSING: ReadonlySet<string> = new Set(["STREAM_NOT_FOUND", "FORK_SOURCE_NOT_FOUND"]);
const READS: ReadonlySet<string> = new Set(["read", "tail", "inspect:export"]);

function isMissing(error: unknown): error is StreamNotFoundError {
  return error instanceof StreamNotFoundError && MISSING.has(error.code);
}

/** A variable of the environment; an empty one says nothing. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** A token that is typed would go to whatever server the folder's file names, which anybody may have written. */
function requireTrust({ isTrusted, url }: Target): void {
  if (isTrusted) return;
  throw usageFailure(
    `--token does not go to ${url}, which only durable-streams.jsonc names.`,
    `If that is your server, say so: --url ${url}`,
  );
}

function noActiveContext(count: number, bin: string): string {
  const others = count === 1 ? "there is one" : `there are ${String(count)}`;
  return `No context is active, so the server of this machine was asked; ${others}: ${bin} context list, then ${bin} context use NAME`;
}

/** A time to wait, for people. */
function roughly(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${String(seconds)} s` : `${String(Math.round(seconds / 60))} minutes`;
}

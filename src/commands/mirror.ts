import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { PrefixMap } from "../cli/backup/prefix-map.ts";
import { exitCodeOfFailures, failureLine, toldFailures } from "../cli/backup/told-failures.ts";
import { requireWritableCheckpoint } from "../cli/checkpoint-file.ts";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { deniedReport } from "../cli/denied-access.ts";
import { reportError } from "../cli/error-report.ts";
import { requireFileName } from "../cli/file-error.ts";
import { lockFile } from "../cli/file-lock.ts";
import { StatusLine } from "../cli/inspect/status-line.ts";
import { counted, grouped, humanBytes } from "../client/figures.ts";
import {
  requireName,
  type Side,
  sideOf,
  sideRoot,
  sideToken,
  sideTokens,
  type SideWords,
  SOURCE,
  TARGET,
} from "../cli/mirror/mirror-sides.ts";
import { kindOf, mirrorStream, type MirrorSummary } from "../cli/mirror/mirror-stream.ts";
import { followStreams, mirrorStreams, type MirrorsSummary } from "../cli/mirror/mirror-streams.ts";
import type { ErrorReport } from "../cli/report.ts";
import { namedStreamUrl } from "../cli/server-address.ts";
import { ServerCommand } from "../cli/server-command.ts";
import type { RequestTokens } from "../cli/tokens/request-tokens.ts";
import { AccessDeniedError } from "../client/errors/access-denied-error.ts";
import { isClientError } from "../client/errors/client-error.ts";
import type { StreamClient } from "../client/stream-client.ts";

/** How long a server that cannot be reached is waited for; by one that follows, longer. */
const GIVE_UP_AFTER_MS = 60_000;
const FOLLOWER_GIVES_UP_AFTER_MS = 3_600_000;

type Flags = Interfaces.InferredFlags<typeof Mirror.flags & typeof ServerCommand.baseFlags>;

export default class Mirror extends ServerCommand {
  static override summary = "Copy a stream to another server, or name, exactly once; with --follow, live.";

  static override description = `SRC and DST are streams' names or whole URLs, of any Durable Streams servers. DST is made with the content type and expiry of SRC where it is not there. It gets every message once, in order, as the bytes that were read, by an idempotent producer, and is closed when SRC is closed.

Killed at any moment, the same command goes on: what DST holds is the state. Between two durable-streams servers its end says how far it is, and its last messages are compared with SRC; otherwise DST is read and compared from its start, or from what --checkpoint remembers. A DST that holds anything else is refused with exit code 5. Nobody else may write to it.
--prefix mirrors every stream whose name begins so; SRC and DST are then servers' URLs, or left out beside --from-context and --to-context. With --follow it also follows streams that are created later.

Credentials are those saved for each server (context add). DURABLE_STREAMS_SRC_TOKEN and DURABLE_STREAMS_DST_TOKEN give a token for each side; --token goes only to the server of --url or --context.
--json gives {"source","target","contentType","position","resumedAt","batches","bytes","closed","rewritten"}, with --prefix {"streams","unchanged","messages","bytes","rewritten","failed","failures"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders http://127.0.0.1:4438/v1/stream/orders",
    "<%= config.bin %> <%= command.id %> orders orders --follow \\\n  --from-context live --to-context standby",
    "<%= config.bin %> <%= command.id %> --prefix shop/ \\\n  --from-context live --to-context standby",
    "<%= config.bin %> <%= command.id %> --prefix '' http://old.example http://new.example",
  ];

  static override args = {
    src: stringArg({ ignoreStdin: true, description: "The stream to copy; with --prefix a server's URL." }),
    dst: stringArg({ ignoreStdin: true, description: "Where to; with --prefix a server's URL." }),
  };

  static override flags = {
    follow: boolean({ char: "f", summary: "Go on live, until SRC is closed." }),
    prefix: string({ summary: "Mirror every stream whose name begins so; '' for all.", helpValue: "PREFIX" }),
    "prefix-map": string({
      summary: "Give names that begin with OLD a NEW beginning; may be repeated.",
      helpValue: "OLD=NEW",
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ["prefix"],
    }),
    "from-context": string({ summary: "The saved server and project of SRC.", helpValue: "NAME" }),
    "to-context": string({ summary: "The saved server and project of DST.", helpValue: "NAME" }),
    checkpoint: string({
      summary: "Keep in this file how far the two were compared: a later run begins there.",
      helpValue: "FILE",
      exclusive: ["prefix"],
    }),
    "no-expiry": boolean({ summary: "Leave out times to live and expiries." }),
  };

  /** What DST is: the one URL whose refusal is not one of SRC. */
  #to: string | undefined;
  /** What the sides are sent, by their variables. */
  readonly #tokens = new Map<string, RequestTokens>();

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Mirror);
    requireFileName(flags.checkpoint, "--checkpoint");
    const otherwise = { url: flags.url, project: flags.project };
    const source = await sideOf(this.configFolder, SOURCE, flags["from-context"], otherwise);
    const target = await sideOf(this.configFolder, TARGET, flags["to-context"], otherwise);
    const status = new StatusLine(flags.quiet);
    try {
      if (flags.prefix !== undefined) return await this.#mirrorMany(source, target, { args, flags, status });
      return await this.#mirrorOne(source, target, { args, flags, status });
    } catch (error) {
      status.clear();
      if (this.interruptSignal().aborted) this.notices.note("Interrupted: the same command goes on.");
      throw error;
    } finally {
      status.clear();
    }
  }

  async #mirrorOne(source: Side, target: Side, { args, flags, status }: Parsed): Promise<unknown> {
    if (args.src === undefined || args.dst === undefined) {
      const { bin } = this.config;
      throw usageFailure(`mirror needs SRC and DST: ${bin} mirror SRC DST`, `See: ${bin} mirror --help`);
    }
    requireName(SOURCE, args.src, flags["from-context"]);
    requireName(TARGET, args.dst, flags["to-context"]);
    const from = this.streamUrl(source.address, args.src);
    const to = this.streamUrl(target.address, args.dst);
    this.#to = to;
    if (from === to) throw usageFailure(`SRC and DST are the same stream: ${from}.`, "Name another one for DST.");
    const clients = await this.#clients(flags, { source, target, from, to });
    const { checkpoint } = flags;
    if (checkpoint !== undefined) await requireWritableCheckpoint(checkpoint);
    const lock = checkpoint === undefined ? undefined : await lockFile(checkpoint);
    try {
      const summary = await mirrorStream({
        ...this.#common(flags, status),
        ...{ source: { client: clients.from, url: from }, target: { client: clients.to, url: to }, checkpoint },
        onCaughtUp: () => {
          this.notices.detail(`Up to date with ${from}, and following it.`);
          status.update(() => "up to date, and following");
        },
      });
      status.clear();
      this.#tellOne(summary);
      return summary;
    } finally {
      await lock?.release();
    }
  }

  async #mirrorMany(source: Side, target: Side, { args, flags, status }: Parsed): Promise<unknown> {
    const from = sideRoot(source, SOURCE, args.src, flags["from-context"] !== undefined);
    const to = sideRoot(target, TARGET, args.dst, flags["to-context"] !== undefined);
    const clients = await this.#clients(flags, { source, target, from, to });
    const summary = await (flags.follow ? followStreams : mirrorStreams)({
      ...this.#common(flags, status),
      ...{ source: { client: clients.from, root: from }, target: { client: clients.to, root: to } },
      ...{ prefix: flags.prefix ?? "", map: new PrefixMap(flags["prefix-map"] ?? []) },
      onFailure: ({ name, error }) => {
        status.clear();
        this.notices.warning(failureLine({ name, error: this.#explained(error, from, name) }));
      },
      onCaughtUp: (streams) => status.update(() => `${counted(streams, "stream")} up to date, and followed`),
    });
    status.clear();
    return this.#tellMany(summary);
  }

  #common(flags: Flags, status: StatusLine) {
    let bytes = 0;
    return {
      follow: flags.follow,
      withoutExpiry: flags["no-expiry"],
      signal: this.interruptSignal(),
      retry: {
        giveUpAfterMs: flags.follow ? FOLLOWER_GIVES_UP_AFTER_MS : GIVE_UP_AFTER_MS,
        onRetry: this.noteRetry,
      },
      onProgress: (sent: number) => {
        bytes += sent;
        status.update((elapsedMs) => `${humanBytes(bytes)} sent, ${humanBytes((bytes * 1000) / elapsedMs)}/s`);
      },
    };
  }

  /** A client for each side. What `--token` and the environment give goes to the server that the command means, only. */
  async #clients(
    flags: Flags,
    { source, target, from, to }: { source: Side; target: Side; from: string; to: string },
  ): Promise<{ readonly from: StreamClient; readonly to: StreamClient }> {
    const meant = new URL(this.target.url).origin;
    const isMeant = [from, to].some((url) => new URL(url).origin === meant);
    if (flags.token !== undefined && !isMeant && this.argv.some((word) => word.startsWith("--token"))) {
      throw usageFailure(
        `--token is for ${meant}, and neither SRC nor DST is there.`,
        `Give each side its own by ${SOURCE.variable} and ${TARGET.variable}, or save them: ${this.config.bin} context add`,
      );
    }
    const shared = isMeant ? await this.tokensFor(flags) : undefined;
    const clientFor = (side: Side, url: string): StreamClient => {
      const token = sideToken(side);
      const given = token === undefined && new URL(url).origin === meant ? shared : undefined;
      const tokens = given ?? sideTokens(this.configFolder, side, token, this.target);
      this.#tokens.set(side.variable, tokens);
      return this.clientWith(tokens);
    };
    return { from: clientFor(source, from), to: clientFor(target, to) };
  }

  #tellOne({ source, target, position, resumedAt, closed, rewritten, contentType, ...rest }: MirrorSummary): void {
    const isJson = kindOf({ ...rest, source, target, position, resumedAt, closed, rewritten, contentType }) === "json";
    const moved = position - resumedAt;
    const what = isJson ? counted(moved, "message") : humanBytes(moved);
    const before =
      resumedAt === 0 ? "" : `, after ${isJson ? grouped(resumedAt) : humanBytes(resumedAt)} that were there`;
    this.notices.note(`Mirrored ${what} from ${source} to ${target}${before}${closed ? ", and closed it" : ""}`);
    this.#warnOfRewritten(rewritten);
  }

  #tellMany(summary: MirrorsSummary): unknown {
    const { streams, unchanged, bytes, failed, failures, rewritten } = summary;
    const same = unchanged === 0 ? "" : `, ${String(unchanged)} of them without anything new`;
    this.notices.note(`Mirrored ${counted(streams, "stream")}${same}: ${humanBytes(bytes)} sent`);
    this.#warnOfRewritten(rewritten);
    if (failed > 0) {
      this.notices.warning(`${counted(failed, "stream")} could not be mirrored.`);
      process.exitCode = exitCodeOfFailures(failures);
    }
    return { ...summary, failures: toldFailures(failures) };
  }

  #warnOfRewritten(rewritten: number): void {
    if (rewritten === 0) return;
    this.notices.warning(
      `The server of DST writes JSON anew: of what was compared, ${counted(rewritten, "message")} did not come back as the bytes that were sent.`,
    );
  }

  /** Each side has a token of its own, so what is said of a refusal names the one that counts. */
  protected override report(error: unknown): ErrorReport {
    if (!(error instanceof AccessDeniedError)) return super.report(error);
    // Of many streams it is only the list of SRC that ends the command.
    return this.#denied(error, this.#to !== undefined && isAbout(error, this.#to) ? TARGET : SOURCE);
  }

  /** Of many streams each is told by itself. Only one whose name is a stream's is ever asked for. */
  #explained(error: Error, root: string, name: string): Error {
    if (!(error instanceof AccessDeniedError)) return error;
    const side = isAbout(error, namedStreamUrl({ url: root }, name)) ? SOURCE : TARGET;
    return new CommandFailure(this.#denied(error, side));
  }

  #denied(error: AccessDeniedError, { variable }: SideWords): ErrorReport & { readonly hint: string } {
    const { origin } = new URL(error.url);
    const { bin } = this.config;
    const sent = this.#tokens.get(variable)?.lastFor(error.url);
    if (sent?.use.kind === "none" && sent.use.withheld !== undefined) {
      return deniedReport(error, sent, { bin, server: origin, target: this.target });
    }
    const hint = `Give a token for ${origin} by ${variable}, or save its credentials: ${bin} context add`;
    return { ...reportError(error), hint };
  }
}

/** Whether it was this stream that refused, whatever was asked of it. */
function isAbout(error: Error, stream: string): boolean {
  return isClientError(error) && error.url.replace(/\?.*/, "") === stream;
}

interface Parsed {
  readonly args: { readonly src?: string | undefined; readonly dst?: string | undefined };
  readonly flags: Flags;
  readonly status: StatusLine;
}

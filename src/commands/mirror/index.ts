import { boolean, string } from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { PrefixMap } from "../../cli/backup/prefix-map.ts";
import { exitCodeOfFailures, failureLine, toldFailures } from "../../cli/backup/told-failures.ts";
import { requireWritableCheckpoint } from "../../cli/checkpoint-file.ts";
import { requireFileName } from "../../cli/file-error.ts";
import { lockFile } from "../../cli/file-lock.ts";
import { StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, grouped, humanBytes } from "../../client/figures.ts";
import { MirrorCommand, sideArgs, sideFlags } from "../../cli/mirror/mirror-command.ts";
import { kindOf, mirrorStream, type MirrorSummary } from "../../cli/mirror/mirror-stream.ts";
import { followStreams, mirrorStreams, type MirrorsSummary } from "../../cli/mirror/mirror-streams.ts";

/** How long a server that cannot be reached is waited for; by one that follows, longer. */
const GIVE_UP_AFTER_MS = 60_000;
const FOLLOWER_GIVES_UP_AFTER_MS = 3_600_000;

type Flags = Interfaces.InferredFlags<typeof Mirror.flags & typeof MirrorCommand.baseFlags>;

export default class Mirror extends MirrorCommand {
  static override summary = "Copy a stream to another server, or name, exactly once; with --follow, live.";

  static override description = `SRC and DST are streams' names or whole URLs, of any Durable Streams servers. DST is made with the content type and expiry of SRC where it is not there. It gets every message once, in order, as the bytes that were read, by an idempotent producer, and is closed when SRC is closed.

Killed at any moment, the same command goes on: what DST holds is the state. Between two durable-streams servers its end says how far it is, and its last messages are compared with SRC; otherwise DST is read and compared from its start, or from what --checkpoint remembers. A DST that holds anything else is refused with exit code 5. Nobody else may write to it.
--prefix mirrors every stream whose name begins so; SRC and DST are then servers' URLs, each left out beside its --from-context or --to-context; where only one context is given and no URL, the other side is the server of --url. With --follow it also follows streams that are created later.

Credentials are those saved for each server (context add). DURABLE_STREAMS_SRC_TOKEN and DURABLE_STREAMS_DST_TOKEN give a token for each side; --token goes only to the server of --url or --context.
--json gives {"source","target","contentType","position","resumedAt","batches","bytes","closed","rewritten"}, with --prefix {"source","target","streams","unchanged","messages","bytes","rewritten","failed","failures"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders http://127.0.0.1:4438/v1/stream/orders",
    "<%= config.bin %> <%= command.id %> orders orders --follow \\\n  --from-context live --to-context standby",
    "<%= config.bin %> <%= command.id %> --prefix shop/ \\\n  --from-context live --to-context standby",
    "<%= config.bin %> <%= command.id %> --prefix '' http://old.example http://new.example",
  ];

  static override args = sideArgs({
    src: "The stream to copy; with --prefix a server's URL.",
    dst: "Where to; with --prefix a server's URL.",
  });

  static override flags = {
    follow: boolean({ char: "f", summary: "Go on live, until SRC is closed." }),
    ...sideFlags("Mirror every stream whose name begins so; '' for all."),
    checkpoint: string({
      summary: "Keep in this file how far the two were compared: a later run begins there.",
      helpValue: "FILE",
      exclusive: ["prefix"],
    }),
    "no-expiry": boolean({ summary: "Leave out times to live and expiries." }),
  };

  /** How far it got, for who interrupts it. */
  #gotTo: (() => string) | undefined;

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Mirror);
    requireFileName(flags.checkpoint, "--checkpoint");
    const status = new StatusLine(flags.quiet);
    try {
      if (flags.prefix !== undefined) return await this.#mirrorMany({ args, flags, status });
      return await this.#mirrorOne({ args, flags, status });
    } catch (error) {
      status.clear();
      if (this.interruptSignal().aborted) {
        const got = this.#gotTo === undefined ? "" : `mirrored ${this.#gotTo()}; `;
        this.notices.note(`Interrupted: ${got}the same command goes on.`);
      }
      throw error;
    } finally {
      status.clear();
    }
  }

  async #mirrorOne({ args, flags, status }: Parsed): Promise<unknown> {
    const { from, to, clients } = await this.streamsOf(args, flags);
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
        onInterrupted: (soFar) => {
          this.#gotTo = () => whatOf(soFar);
        },
      });
      status.clear();
      this.#tellOne(summary);
      return summary;
    } finally {
      await lock?.release();
    }
  }

  async #mirrorMany({ args, flags, status }: Parsed): Promise<unknown> {
    const { from, to, clients } = await this.rootsOf(args, flags);
    let bytes = 0;
    this.#gotTo = () => `${humanBytes(bytes)} from ${from} to ${to}`;
    const summary = await (flags.follow ? followStreams : mirrorStreams)({
      ...this.#common(flags, status, (sent) => (bytes += sent)),
      ...{ source: { client: clients.from, root: from }, target: { client: clients.to, root: to } },
      ...{ prefix: flags.prefix ?? "", map: new PrefixMap(flags["prefix-map"] ?? []) },
      onFailure: ({ name, error }) => {
        status.clear();
        this.notices.warning(failureLine({ name, error: this.explained(error, from, name) }));
      },
      onCaughtUp: (streams) => status.update(() => `${counted(streams, "stream")} up to date, and followed`),
    });
    status.clear();
    return this.#tellMany(summary);
  }

  #common(flags: Flags, status: StatusLine, onSent?: (bytes: number) => void) {
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
        onSent?.(sent);
        status.update((elapsedMs) => `${humanBytes(bytes)} sent, ${humanBytes((bytes * 1000) / elapsedMs)}/s`);
      },
    };
  }

  #tellOne(summary: MirrorSummary): void {
    this.notices.note(`Mirrored ${whatOf(summary)}${summary.closed ? ", and closed it" : ""}`);
    this.#warnOfRewritten(summary.rewritten);
  }

  #tellMany(summary: MirrorsSummary): unknown {
    const { source, target, streams, unchanged, bytes, failed, failures, rewritten } = summary;
    const same = unchanged === 0 ? "" : `, ${grouped(unchanged)} of them without anything new`;
    const ends = `from ${source} to ${target}`;
    this.notices.note(`Mirrored ${counted(streams, "stream")} ${ends}${same}: ${humanBytes(bytes)} sent`);
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
}

interface Parsed {
  readonly args: { readonly src?: string | undefined; readonly dst?: string | undefined };
  readonly flags: Flags;
  readonly status: StatusLine;
}

/** What went where. */
function whatOf(summary: MirrorSummary): string {
  const { source, target, position, resumedAt } = summary;
  const isJson = kindOf(summary) === "json";
  const moved = position - resumedAt;
  const what = isJson ? counted(moved, "message") : humanBytes(moved);
  const before =
    resumedAt === 0 ? "" : `, after ${isJson ? grouped(resumedAt) : humanBytes(resumedAt)} that were there`;
  return `${what} from ${source} to ${target}${before}`;
}

import type { Interfaces } from "@oclif/core";
import { PrefixMap } from "../../cli/backup/prefix-map.ts";
import { exitCodeOfFailures, failureLine, toldFailures } from "../../cli/backup/told-failures.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, humanBytes } from "../../client/figures.ts";
import { MirrorCommand, sideArgs, sideFlags } from "../../cli/mirror/mirror-command.ts";
import { verifyMirror } from "../../cli/mirror/verify-mirror.ts";
import { verifyMirrors } from "../../cli/mirror/verify-mirrors.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { visibleLine } from "../../client/visible-text.ts";

/** How long a server that cannot be reached is waited for. */
const GIVE_UP_AFTER_MS = 60_000;

type Flags = Interfaces.InferredFlags<typeof MirrorVerify.flags & typeof MirrorCommand.baseFlags>;

export default class MirrorVerify extends MirrorCommand {
  static override summary = "Compare a stream with its copy, whole; exit code 8 when anything differs.";

  static override description = `Every message is compared. Nothing is written to either, and no run of mirror is needed before: it compares any two streams. Both are read from their starts, SRC to where it ended when the comparison began, so that a mirror that follows may go on meanwhile. Content type and closure are compared too; expiries are not. What differs first is a line on stdout, with the offset of the place on both sides; JSON that the server of DST has written anew, so that its bytes are others and its value is the same, is a difference. Reading a stream extends its time to live.
--prefix compares every stream whose name begins so with its copy; copies of streams that SRC no longer has are not looked at.
--json gives {"source","target","contentType","position","bytes","closed","rewritten","difference"}, difference null or {"kind","position","source","target","problem"}; with --prefix {"source","target","streams","messages","bytes","differences","failures"}, each difference with "stream" and "copy".`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders http://127.0.0.1:4438/v1/stream/orders",
    "<%= config.bin %> <%= command.id %> --prefix shop/ --to-context standby",
  ];

  static override args = sideArgs({
    src: "The stream; with --prefix a server's URL.",
    dst: "Its copy; with --prefix a server's URL.",
  });

  static override flags = sideFlags("Compare every stream whose name begins so; '' for all.");

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(MirrorVerify);
    const status = new StatusLine(flags.quiet);
    try {
      if (flags.prefix !== undefined) return await this.#verifyMany({ args, flags, status });
      return await this.#verifyOne({ args, flags, status });
    } finally {
      status.clear();
    }
  }

  async #verifyOne({ args, flags, status }: Parsed): Promise<unknown> {
    const { from, to, clients } = await this.streamsOf(args, flags);
    const result = await verifyMirror({
      ...this.#common(status),
      ...{ source: { client: clients.from, url: from }, target: { client: clients.to, url: to } },
    });
    status.clear();
    const { difference, bytes } = result;
    if (difference === null) this.notices.note(`No difference: ${humanBytes(bytes)} compared`);
    else await this.#tell(difference.problem);
    return result;
  }

  async #verifyMany({ args, flags, status }: Parsed): Promise<unknown> {
    const { from, to, clients } = await this.rootsOf(args, flags);
    const result = await verifyMirrors({
      ...this.#common(status),
      ...{ source: { client: clients.from, root: from }, target: { client: clients.to, root: to } },
      ...{ prefix: flags.prefix ?? "", map: new PrefixMap(flags["prefix-map"] ?? []) },
      onDifference: async ({ stream, difference }) => {
        status.clear();
        await this.#tell(`${stream}: ${difference.problem}`);
      },
    });
    status.clear();
    const { streams, bytes, differences } = result;
    const failures = result.failures.map(({ name, error }) => ({ name, error: this.explained(error, from, name) }));
    for (const failure of failures) this.notices.warning(failureLine(failure));
    if (failures.length > 0) this.notices.warning(`${counted(failures.length, "stream")} could not be compared.`);
    // That something differs is known, whatever else is not.
    if (failures.length > 0 && differences.length === 0) process.exitCode = exitCodeOfFailures(failures);
    const seen = `${counted(streams, "stream")}, ${humanBytes(bytes)} compared`;
    const found = differences.length === 0 ? "No difference" : counted(differences.length, "difference");
    this.notices.note(`${found} between ${result.source} and ${result.target}: ${seen}`);
    return { ...result, failures: toldFailures(failures) };
  }

  /** A difference is what was asked for, so it is told on stdout. */
  async #tell(line: string): Promise<void> {
    process.exitCode = EXIT.verification;
    if (!this.jsonEnabled()) await writeOutput(`${visibleLine(line)}\n`);
  }

  #common(status: StatusLine) {
    let bytes = 0;
    return {
      signal: this.interruptSignal(),
      retry: { giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.noteRetry },
      onProgress: (compared: number) => {
        bytes += compared;
        status.update((elapsedMs) => `${humanBytes(bytes)} compared, ${humanBytes((bytes * 1000) / elapsedMs)}/s`);
      },
    };
  }
}

interface Parsed {
  readonly args: { readonly src?: string | undefined; readonly dst?: string | undefined };
  readonly flags: Flags;
  readonly status: StatusLine;
}

import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { BackupFolder } from "../cli/backup/backup-folder.ts";
import { PrefixMap } from "../cli/backup/prefix-map.ts";
import { type RestoreCounts, restoreStreams, type RestoreSummary } from "../cli/backup/restore.ts";
import { exitCodeOfFailures, failureLine, toldFailures } from "../cli/backup/told-failures.ts";
import { StatusLine } from "../cli/inspect/status-line.ts";
import { counted, grouped, humanBytes } from "../client/figures.ts";
import { ServerCommand } from "../cli/server-command.ts";

/** How long a restore keeps trying while the server cannot be reached. */
const GIVE_UP_AFTER_MS = 60_000;

export default class Restore extends ServerCommand {
  static override summary = "Make the streams of a backup anew, on any server.";

  static override description = `Every message is there once, in order, as the bytes that were backed up: data files are checked before they are sent, they are appended by an idempotent producer, and what was sent is read back and compared. Content type, time to live, expiry and closure are those of the backup, and a stream that was readable without a token is so again, where the server knows that.

Killed at any moment, the same command goes on, and after the backup has grown it adds what is new. A stream that is there already and was not made by restoring this backup is refused with exit code 5. A stream of which anything is damaged in the backup is not made at all, or with --partial as far as it is whole; all others are restored, each that was not is named, and the exit code is 8. A server that writes JSON anew, as the reference server does, is told of with exit code 8 if that changed any message.
--json gives {"dir","streams","unchanged","messages","bytes","failed","failures"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> ./shop-backup --url http://127.0.0.1:4437",
    "<%= config.bin %> <%= command.id %> ./shop-backup --prefix-map shop/=copies/shop/",
  ];

  static override args = {
    dir: stringArg({ required: true, ignoreStdin: true, description: "The folder that backup wrote to." }),
  };

  static override flags = {
    prefix: string({ summary: "Restore only streams whose names begin so.", helpValue: "PREFIX", default: "" }),
    "prefix-map": string({
      summary: "Give names that begin with OLD a NEW beginning; may be repeated.",
      helpValue: "OLD=NEW",
      multiple: true,
      multipleNonGreedy: true,
    }),
    "no-expiry": boolean({ summary: "Leave out times to live and expiries." }),
    partial: boolean({ summary: "Restore damaged streams too, as far as they are whole." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Restore);
    const { dir } = args;
    const map = new PrefixMap(flags["prefix-map"] ?? []);
    const backup = await BackupFolder.open(dir);
    const client = await this.connect(flags);
    const signal = this.interruptSignal();
    const status = new StatusLine(flags.quiet);
    try {
      const summary = await restoreStreams({
        ...{ client, backup, map, signal, prefix: flags.prefix, withoutExpiry: flags["no-expiry"] },
        partial: flags.partial,
        urlOf: (name) => this.namedStreamUrl(flags, name),
        retry: { giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.noteRetry },
        onProgress: showProgress(status),
      });
      status.clear();
      return this.#tell(dir, this.streamRoot(flags), summary);
    } catch (error) {
      status.clear();
      if (signal.aborted) this.notices.note("Interrupted: the same command goes on.");
      throw error;
    } finally {
      status.clear();
    }
  }

  #tell(dir: string, root: string, summary: RestoreSummary): unknown {
    const { streams, unchanged, bytes, failed, failures } = summary;
    const [first] = failures;
    if (streams === 0 && failures.length === 1 && first !== undefined) throw first.error;
    const same = unchanged === 0 ? "" : `, ${grouped(unchanged)} of them there already`;
    this.notices.note(
      `Restored ${counted(streams, "stream")} to ${root}${same}: ${humanBytes(bytes)} sent, read back and the same`,
    );
    for (const failure of failures) this.notices.warning(failureLine(failure));
    if (failed > 0) this.notices.warning(`${counted(failed, "stream")} could not be restored whole.`);
    if (failures.length > 0) process.exitCode = exitCodeOfFailures(failures);
    return { dir, ...summary, failures: toldFailures(failures) };
  }
}

function showProgress(status: StatusLine): (counts: RestoreCounts) => void {
  return ({ streams, bytes }) => {
    status.update((elapsedMs) => {
      const rate = humanBytes((bytes * 1000) / elapsedMs);
      return `${counted(streams, "stream")}, ${humanBytes(bytes)} sent, ${rate}/s`;
    });
  };
}

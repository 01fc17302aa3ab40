import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { type BackupCounts, type BackupSummary, backupStreams } from "../../cli/backup/backup.ts";
import { BackupFolder } from "../../cli/backup/backup-folder.ts";
import { askPublic, backupName } from "../../cli/backup/stream-names.ts";
import { exitCodeOfFailures, failureLine, toldFailures } from "../../cli/backup/told-failures.ts";
import { usageFailure } from "../../cli/command-failure.ts";
import { StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, humanBytes } from "../../client/figures.ts";
import { listedNames } from "../../cli/listing/listed-names.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { visibleLine } from "../../client/visible-text.ts";

/** How long a backup keeps trying while the server cannot be reached. */
const GIVE_UP_AFTER_MS = 60_000;

export default class Backup extends ServerCommand {
  static override summary = "Copy streams into a folder; run again, it adds what is new.";

  static override description = `Works with every Durable Streams server; --prefix needs a durable-streams server, which lists its streams. Every message is kept as the very bytes that were read, with the stream's content type, expiry and closure; a fork is kept whole, with what it inherits. The folder is in a documented form (docs/backup.md): data files that never change, and manifests with the SHA-256 of each.

It can be ended at any moment, even by a crash: the next run goes on. A run ends where each stream ended when it was begun. A stream that was deleted and created again is noticed and refused with exit code 5; --anew gives up what is in the folder of the earlier one. --anew also reads the data files that are there, begins anew with streams of which anything is damaged, and keeps that aside in DIR/damaged. Of servers that do not tell creations apart, the end of what was read is read again to notice it, up to 1 MiB. Streams that are no longer on the server stay in the backup. Reading a stream extends its time to live.
--json gives {"dir","streams","unchanged","messages","bytes","files","gone","failed","failures"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders ./orders-backup",
    "<%= config.bin %> <%= command.id %> --prefix shop/ ./shop-backup",
    "<%= config.bin %> <%= command.id %> --prefix '' ./everything",
    "<%= config.bin %> <%= command.id %> verify ./shop-backup",
  ];

  static override args = {
    stream: stringArg({ ignoreStdin: true, description: "The stream's name, or its whole URL; not with --prefix." }),
    dir: stringArg({ ignoreStdin: true, description: "The folder; it is made where it is not there." }),
  };

  static override flags = {
    prefix: string({
      summary: "Back up every stream whose name begins so; '' for all.",
      helpValue: "PREFIX",
    }),
    anew: boolean({
      summary: "Begin anew with streams that are no longer those that were backed up, or whose backups are damaged.",
    }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Backup);
    const { stream, dir } = this.#placesOf(args.stream, args.dir, flags.prefix);
    const root = this.streamRoot(flags);
    const signal = this.interruptSignal();
    const url = stream === undefined ? undefined : this.streamUrl(flags, stream);
    const name = stream === undefined || url === undefined ? undefined : backupName(stream, url, root);
    const client = await this.connect(flags);
    const folder = await BackupFolder.claim(dir);
    const status = new StatusLine(flags.quiet);
    let hasFailed = true;
    try {
      const names = name === undefined ? listedNames(client, { root, prefix: flags.prefix, signal }) : single(name);
      const summary = await backupStreams(names, {
        ...{ client, folder, signal, anew: flags.anew },
        urlOf: (each) => url ?? this.namedStreamUrl(flags, each),
        isPublic: (each) => askPublic(client, root, each, signal),
        retry: { giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.noteRetry },
        onProgress: showProgress(status),
        onAnew: (each, aside) => {
          const was =
            aside === undefined ? "what was here of an earlier stream is gone" : `what was damaged is kept in ${aside}`;
          this.notices.note(`${visibleLine(each)} was begun anew: ${visibleLine(was)}.`);
        },
      });
      status.clear();
      const told = this.#tell(dir, summary, name);
      hasFailed = summary.failed > 0;
      return told;
    } catch (error) {
      status.clear();
      if (signal.aborted) this.notices.note("Interrupted: what was read is kept, and the same command goes on.");
      throw error;
    } finally {
      status.clear();
      await folder.release({ hasFailed });
    }
  }

  #placesOf(
    first: string | undefined,
    second: string | undefined,
    prefix: string | undefined,
  ): { readonly stream: string | undefined; readonly dir: string } {
    const { bin } = this.config;
    const hint = `See: ${bin} backup --help`;
    if (prefix === undefined) {
      if (first !== undefined && second !== undefined && second !== "") return { stream: first, dir: second };
      throw usageFailure(`backup needs STREAM and DIR, or --prefix PREFIX and DIR: ${bin} backup STREAM DIR`, hint);
    }
    if (second !== undefined) {
      throw usageFailure("A stream and --prefix are two backups.", `Leave out one of them. ${hint}`);
    }
    if (first !== undefined && first !== "") return { stream: undefined, dir: first };
    throw usageFailure(`backup --prefix needs DIR: ${bin} backup --prefix PREFIX DIR`, hint);
  }

  #tell(dir: string, { damaged, ...summary }: BackupSummary, single: string | undefined): unknown {
    const { streams, unchanged, bytes, files, gone, failed, failures } = summary;
    const own = failures.find(({ name }) => name === single);
    const others = gone === 0 ? "" : `; ${counted(gone, "stream")} deleted meanwhile`;
    const same = unchanged === 0 ? "" : `, ${String(unchanged)} of them without anything new`;
    if (own === undefined) {
      this.notices.note(
        `Backed up ${counted(streams, "stream")}${same}: ${humanBytes(bytes)} in ${counted(files, "new file")}, in ${dir}${others}`,
      );
    }
    for (const failure of failures) if (failure !== own) this.notices.warning(failureLine(failure));
    if (damaged > 0) {
      const are = damaged === 1 ? "is" : "are";
      this.notices.warning(`${counted(damaged, "stream")} that this run was not about ${are} damaged in ${dir}.`);
    }
    if (own !== undefined) throw own.error;
    if (failed > damaged) this.notices.warning(`${counted(failed - damaged, "stream")} could not be backed up.`);
    if (failed > 0) process.exitCode = exitCodeOfFailures(failures);
    return { dir, ...summary, failures: toldFailures(failures) };
  }
}

async function* single(name: string): AsyncGenerator<string> {
  yield name;
}

function showProgress(status: StatusLine): (counts: BackupCounts) => void {
  return ({ streams, bytes }) => {
    status.update((elapsedMs) => {
      const rate = humanBytes((bytes * 1000) / elapsedMs);
      return `${counted(streams, "stream")}, ${humanBytes(bytes)}, ${rate}/s`;
    });
  };
}

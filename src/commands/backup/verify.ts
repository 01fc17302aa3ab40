import { string as stringArg } from "@oclif/core/args";
import { BackupFolder } from "../../cli/backup/backup-folder.ts";
import { type BackupFinding, verifyBackup } from "../../cli/backup/verify-backup.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import { interruptSignal } from "../../cli/interrupt.ts";
import { StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, humanBytes } from "../../client/figures.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { visibleLine } from "../../client/visible-text.ts";

export default class BackupVerify extends BaseCommand {
  static override summary = "Check every file, hash and count of a backup; exit code 8 when anything is off.";

  static override description = `It asks no server. Each thing that is off is a line on stdout.
--json gives {"dir","streams","files","bytes","findings"}, each finding {"stream","problem"}.`;

  static override examples = ["<%= config.bin %> <%= command.id %> ./shop-backup"];

  static override args = {
    dir: stringArg({ required: true, ignoreStdin: true, description: "The folder that backup wrote to." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackupVerify);
    const { dir } = args;
    const interrupt = interruptSignal();
    const status = new StatusLine(flags.quiet);
    try {
      const result = await verifyBackup(await BackupFolder.open(dir), {
        signal: interrupt.signal,
        onFinding: async (finding) => {
          status.clear();
          if (!this.jsonEnabled()) await writeOutput(findingLine(finding));
        },
        onProgress: ({ files, bytes }) => {
          status.update(() => `${counted(files, "file")}, ${humanBytes(bytes)}`);
        },
      });
      status.clear();
      const { streams, files, bytes, findings } = result;
      const seen = `${counted(streams, "stream")}, ${counted(files, "file")}, ${humanBytes(bytes)}`;
      if (findings.length > 0) process.exitCode = EXIT.verification;
      this.notices.note(
        findings.length === 0 ? `All is well: ${seen}` : `${counted(findings.length, "problem")} in ${seen}`,
      );
      return { dir, ...result };
    } catch (error) {
      if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
      process.exitCode = interrupt.exitCode;
      return undefined;
    } finally {
      status.clear();
      interrupt.dispose();
    }
  }
}

function findingLine({ stream, problem }: BackupFinding): string {
  return `${visibleLine(stream === undefined ? problem : `${stream}: ${problem}`)}\n`;
}

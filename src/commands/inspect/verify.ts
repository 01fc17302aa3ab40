import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { usageFailure } from "../../cli/command-failure.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { requireFileName } from "../../cli/file-error.ts";
import type { Verification } from "../../cli/inspect/findings.ts";
import { progressBar, StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, grouped, humanBytes } from "../../client/figures.ts";
import { sweepOrphans } from "../../cli/inspect/sweep-orphans.ts";
import { verifyFiles } from "../../cli/inspect/verify-files.ts";
import { verifyStream } from "../../cli/inspect/verify-stream.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { visibleLine } from "../../client/visible-text.ts";

export default class InspectVerify extends ServerCommand {
  static override summary = "Fetch and check every segment of a stream.";

  static override description = `Checks each segment's checksums, that it belongs to this stream and is what the manifest says, that the segments follow each other from the first offset to the hot log without a gap, and that the bucket holds no other object for the stream.
The stream may be in use meanwhile. Exit code 8 when something is off; each finding is told with the segment it is about.
A stream whose storage was set back to an earlier time leaves objects that no row names. --sweep removes them.
--json gives {"ok","segments","messages","bytes","findings":[{"code","number","key","message"}]}, with --sweep also "swept", the keys that were removed, and with --file "files", what each of them is. With -v people see that too.
Of a fork its own segments are checked, from where it left its source; "inheritedFrom" names the streams that hold the rest.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders --json | jq -r '.findings[].message'",
    "<%= config.bin %> <%= command.id %> --file *.seg",
  ];

  static override args = {
    stream: stringArg({ ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    file: string({
      summary: "Check these segment files by themselves, without any server.",
      helpValue: "FILE",
      multiple: true,
    }),
    sweep: boolean({
      summary: "Remove objects that no row of the manifest names.",
      exclusive: ["file"],
    }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(InspectVerify);
    const { stream } = args;
    const { file: files } = flags;
    if (stream === undefined ? files === undefined : files !== undefined) {
      throw usageFailure(
        stream === undefined
          ? "inspect verify needs STREAM, or --file FILE."
          : "inspect verify takes STREAM or --file, not both.",
        `See: ${this.config.bin} inspect verify --help`,
      );
    }
    for (const file of files ?? []) requireFileName(file, "--file");
    const progress = new StatusLine(flags.quiet);
    const onProgress = (done: number, total: number): void => {
      progress.update(() => `${progressBar(done, total)} ${grouped(done)} of ${counted(total, "segment")}`);
    };
    let verification: Verification;
    try {
      if (stream === undefined) {
        const onIntact = (file: string, what: string): void => {
          this.notices.detail(`${visibleLine(file)}: ${what}`);
        };
        verification = await verifyFiles(files ?? [], { onProgress, onIntact });
      } else {
        const url = this.streamUrl(flags, stream);
        const { operator } = await this.connect(flags);
        const signal = this.interruptSignal();
        verification = await verifyStream(operator, url, { signal, onProgress });
        if (flags.sweep) verification = await sweepOrphans(operator, url, verification, signal);
      }
    } finally {
      progress.clear();
    }
    if (!verification.ok) process.exitCode = EXIT.verification;
    if (!flags.json) await writeOutput(report(verification));
    const { inheritedFrom = [] } = verification;
    if (inheritedFrom.length > 0) this.notices.note(`Not checked: what it inherits from ${someNames(inheritedFrom)}.`);
    return verification;
  }
}

const NAMES_SHOWN = 5;

function someNames(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${String(names.length - NAMES_SHOWN)} more` : "";
  return visibleLine(`${names.slice(0, NAMES_SHOWN).join(", ")}${more}`);
}

function report({ ok, segments, messages, bytes, findings, swept = [] }: Verification): string {
  const checked = `${counted(segments, "segment")} with ${counted(messages, "message")}, ${humanBytes(bytes)}`;
  const removed = swept.map((key) => `Removed ${visibleLine(key)}\n`).join("");
  const lines = removed + findings.map(({ code, message }) => `${code}: ${visibleLine(message)}\n`).join("");
  return ok ? `${lines}Intact: ${checked}\n` : `${lines}${counted(findings.length, "problem")} in ${checked}\n`;
}

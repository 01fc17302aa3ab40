import { string as stringArg } from "@oclif/core/args";
import { BaseCommand } from "../cli/base-command.ts";
import { completionScript, INSTALLING } from "../cli/completion/scripts.ts";
import { isShell, SHELLS } from "../cli/completion/shells.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { writeOutput } from "../cli/standard-output.ts";

/** Lines that belong together below a line of their own; those to be typed stand deeper than what is said between them. */
function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.endsWith(":") ? `  ${line}` : `    ${line}`))
    .join("\n");
}

export default class Completion extends BaseCommand {
  static override summary = "Print a script that completes commands, flags and names in a shell.";
  static override description = `The script asks durable-streams itself, which has to be on PATH, what may follow: an update needs no new script.
It completes commands, flags and their values, contexts and projects, and names of streams and subscriptions where the server that is meant answers within 300 ms, or as many as DURABLE_STREAMS_COMPLETION_MS says.
${SHELLS.map((shell) => `For ${shell}:\n${indented(INSTALLING[shell])}`).join("\n")}
Shells that are opened later have it. --json prints {"shell","script","install"}.`;

  static override examples = SHELLS.map((shell) => `<%= config.bin %> <%= command.id %> ${shell}`);

  static override args = {
    shell: stringArg({ required: true, ignoreStdin: true, options: [...SHELLS], description: "Which shell." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Completion);
    const { shell } = args;
    if (!isShell(shell))
      throw usageFailure(`${shell} has no completion here.`, `Those that have: ${SHELLS.join(", ")}.`);
    const script = completionScript(shell);
    if (flags.json !== true) await writeOutput(script);
    // Into a file or a shell it goes without a word: every new shell would repeat it.
    if (process.stdout.isTTY) this.notices.note(`That is the script. To install it:\n${indented(INSTALLING[shell])}`);
    return { shell, script, install: INSTALLING[shell] };
  }
}

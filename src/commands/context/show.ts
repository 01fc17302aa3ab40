import { string as stringArg } from "@oclif/core/args";
import { usageFailure } from "../../cli/command-failure.ts";
import { shownTarget, targetLines } from "../../cli/config/shown-target.ts";
import { resolveTarget } from "../../cli/config/resolve-target.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";

export default class ContextShow extends ServerCommand {
  static override summary = "Show which server and project commands would use, and what lets them in.";

  static override description = `Without NAME it shows what holds in this folder and this environment, and who says so: a flag, a variable, durable-streams.jsonc, or the active context. No secret and no token is shown; keys have ids that tell nothing.
--json gives {"context","url","source","project","projectSource","folder","saved":{"signingKey","token","operatorKey"},"sends":{"streams","operator"}}.`;

  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> prod --json"];

  static override args = {
    name: stringArg({ ignoreStdin: true, description: "The context's name (default: what holds here and now)." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextShow);
    const { name } = args;
    if (name !== undefined && (this.target.flags.context ?? this.target.flags.url) !== undefined) {
      throw usageFailure("NAME, --context and --url exclude each other.", "Leave out all but one.");
    }
    const places = { environment: {}, directory: process.cwd(), folder: this.configFolder };
    const target = name === undefined ? this.target : await resolveTarget({ ...places, flags: { context: name } });
    const shown = await shownTarget(this.configFolder, target, await this.tokensFor(flags, false, target));
    if (!flags.json) await writeOutput(targetLines(shown));
    return shown;
  }
}

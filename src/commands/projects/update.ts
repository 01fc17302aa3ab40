import { string as stringArg } from "@oclif/core/args";
import { usageFailure } from "../../cli/command-failure.ts";
import { ProjectCommand } from "../../cli/projects/project-command.ts";
import { projectLines } from "../../cli/projects/project-table.ts";
import { SETTINGS_FLAGS, settingsOf, UNSETTING_FLAGS } from "../../cli/projects/settings-flags.ts";
import { writeOutput } from "../../cli/standard-output.ts";

export default class ProjectsUpdate extends ProjectCommand {
  static override summary = "Change what holds for a project; what is not named stays.";
  static override description =
    "--cors-origin replaces the whole list of origins. A change takes up to 30 seconds until it holds everywhere.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> shop --cors-origin https://app.example \\\n  --cors-origin http://localhost:5173",
    "<%= config.bin %> <%= command.id %> shop --no-cors --readers-max 100",
  ];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The project's name." }),
  };

  static override flags = { ...SETTINGS_FLAGS, ...UNSETTING_FLAGS };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ProjectsUpdate);
    const name = this.projectName(args.name);
    const settings = settingsOf(flags);
    if (Object.keys(settings).length === 0) {
      throw usageFailure("projects update is told no change.", "Name one, such as --cors-origin https://app.example.");
    }
    const { url } = flags;
    const project = await (await this.connect(flags)).projects(url).update(name, settings);
    this.notices.note(
      `Changed the project ${JSON.stringify(name)}. It takes up to 30 seconds until that holds everywhere.`,
    );
    if (!flags.json) await writeOutput(projectLines(project));
    return project;
  }
}

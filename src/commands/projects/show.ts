import { string as stringArg } from "@oclif/core/args";
import { keepInCredentials } from "../../cli/projects/kept-secret.ts";
import { ProjectCommand } from "../../cli/projects/project-command.ts";
import { projectLines } from "../../cli/projects/project-table.ts";
import { type SavedKey, savedKey } from "../../cli/projects/saved-key.ts";
import { writeOutput } from "../../cli/standard-output.ts";

const SAVED: Readonly<Record<SavedKey, string>> = {
  signing: "saved here, of the key that signs",
  retiring: "saved here, of a key that retires",
  unknown: "saved here, of a key that the server does not know any more",
  none: "not saved here",
};

export default class ProjectsShow extends ProjectCommand {
  static override summary = "Show a project: its keys, but not their secrets, and its settings.";
  static override examples = ["<%= config.bin %> <%= command.id %> shop"];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The project's name." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ProjectsShow);
    const name = this.projectName(args.name);
    const { url } = flags;
    const project = await (await this.connect(flags)).projects(url).show(name);
    const saved = await savedKey(project, await keepInCredentials(this.configFolder, url, name).held());
    if (!flags.json) await writeOutput(projectLines(project, [["secret", SAVED[saved]]]));
    return { ...project, savedSecret: saved };
  }
}

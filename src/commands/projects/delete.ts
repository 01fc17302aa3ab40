import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { ask } from "../../cli/ask.ts";
import { CommandFailure, usageFailure } from "../../cli/command-failure.ts";
import { keepInCredentials } from "../../cli/projects/kept-secret.ts";
import { ProjectCommand } from "../../cli/projects/project-command.ts";

export default class ProjectsDelete extends ProjectCommand {
  static override summary = "Delete a project: nobody gets at its streams any more.";
  static override description = `All its tokens stop working. The data of its streams stay on the server, and are reached again by
a project of the same name. The secret that was saved here is removed.`;
  static override examples = ["<%= config.bin %> <%= command.id %> shop --yes"];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The project's name." }),
  };

  static override flags = {
    yes: boolean({ char: "y", summary: "Do not ask first." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ProjectsDelete);
    const name = this.projectName(args.name);
    const { url } = flags;
    if (!flags.yes) await this.#ask(name, url);
    await (await this.connect(flags)).projects(url).delete(name);
    await keepInCredentials(this.configFolder, url, name).forget();
    this.notices.note(
      `Deleted the project ${JSON.stringify(name)}. The data of its streams stay, out of everybody's reach until there is a project of that name again.`,
    );
    return { project: name, deleted: true };
  }

  async #ask(name: string, url: string): Promise<void> {
    const what = `Deleting the project ${JSON.stringify(name)} at ${url} ends all its tokens`;
    if (!this.mayAsk) throw usageFailure(`${what}, and there is nobody to ask.`, "Confirm with --yes.");
    this.notices.warning(`${what}. The data of its streams stay.`);
    if ((await ask("Type the project's name to go on:")) === name) return;
    throw new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was deleted." });
  }
}

import { ProjectCommand } from "../../cli/projects/project-command.ts";
import { projectRow, PROJECTS_HEADING } from "../../cli/projects/project-table.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import type { ProjectFacts } from "../../client/projects.ts";

export default class ProjectsList extends ProjectCommand {
  static override summary = "List the projects of a server.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> --json"];

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(ProjectsList);
    const { url } = flags;
    const client = (await this.connect(flags)).projects(url);
    const projects: ProjectFacts[] = [];
    for await (const project of client.list()) {
      if (!flags.json) await writeOutput(`${projects.length === 0 ? PROJECTS_HEADING : ""}${projectRow(project)}`);
      projects.push(project);
    }
    if (projects.length === 0) {
      this.notices.note(`There are no projects at ${url}. Create one with: ${this.config.bin} create-project NAME`);
    }
    return { projects };
  }
}

import { string as stringArg } from "@oclif/core/args";
import { ask } from "../cli/ask.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { createProject, type CreatedProject } from "../cli/projects/create-project.ts";
import { ProjectCommand } from "../cli/projects/project-command.ts";
import { requireProjectName } from "../cli/projects/project-name.ts";
import { isShown, keeperFor, KEEPING_FLAGS } from "../cli/projects/secret-output.ts";
import { SETTINGS_FLAGS, settingsOf } from "../cli/projects/settings-flags.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { announcedSecret, SECRET_FLAG, STDIN_FLAG } from "../cli/tokens/secret-input.ts";
import { keyId } from "../protocol/secret.ts";

export default class CreateProject extends ProjectCommand {
  static override summary = "Create a project, and save the secret that its tokens are signed with.";
  static override description = `Needs the server's operator secret, saved or in DURABLE_STREAMS_OPERATOR_SECRET.
Prints the project's name, or with --print-secret the signing secret alone. Running it again changes nothing.
A project that is there with a key of which nothing is known here is a conflict (exit code 5).`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> shop",
    "<%= config.bin %> <%= command.id %> shop --cors-origin https://app.example",
    "openssl rand -base64 32 | <%= config.bin %> <%= command.id %> shop --stdin",
    "<%= config.bin %> <%= command.id %> ci --no-save |\n  gh secret set DURABLE_STREAMS_SIGNING_SECRET",
  ];

  static override args = {
    name: stringArg({ ignoreStdin: true, description: "The project's name." }),
  };

  static override flags = { ...SETTINGS_FLAGS, ...SECRET_FLAG, ...STDIN_FLAG, ...KEEPING_FLAGS };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CreateProject);
    const name = requireProjectName(args.name ?? (await this.#askName()));
    const settings = settingsOf(flags);
    const { url } = flags;
    const connection = await this.connect(flags, flags.stdin || flags.secret !== undefined);
    const given = await announcedSecret(flags, "project");
    const keeper = keeperFor(flags, this.configFolder, url, name);
    const done = await createProject({ client: connection.projects(url), keeper, name, settings, given });
    const { project, created, secret } = done;
    const shown = isShown(flags, given) ? { secret } : {};
    if (!created && Object.keys(settings).length > 0) {
      this.notices.warning(
        `The project was there already, and its settings stay: ${this.#call("projects update", name)}`,
      );
    }
    this.#say(done, flags["no-save"]);
    if (!flags.json) await writeOutput(`${shown.secret ?? name}\n`);
    return { project: name, created, kid: await keyId(secret), saved: !flags["no-save"], facts: project, ...shown };
  }

  #say({ project: { name }, created }: CreatedProject, isUnsaved: boolean): void {
    const kept = isUnsaved ? "is not saved" : `is saved in ${this.configFolder.file("credentials.json")}`;
    this.notices.note(
      `${created ? "Created" : "Already there:"} the project ${JSON.stringify(name)}. Its signing secret ${kept}.`,
    );
    if (isUnsaved) return;
    this.notices.note(`Use it:   ${this.#call("create", "orders --content-type application/json", name)}`);
    this.notices.note(`A token:  ${this.#call("mint-token", "--scope read --ttl 1h", name)}`);
  }

  /** A command line that leads to the same server. */
  #call(command: string, words: string, project?: string): string {
    const inProject = project === undefined ? "" : ` --project ${project}`;
    return `${this.config.bin} ${command} ${words}${inProject}${this.sameServer}`;
  }

  async #askName(): Promise<string> {
    if (this.mayAsk) return ask("The project's name:");
    throw usageFailure("create-project needs NAME.", `Write it like: ${this.config.bin} create-project shop`);
  }
}

import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { announcedCredential, unencryptedWarning, withChanges } from "../../cli/config/add-context.ts";
import { changeContexts, loadContexts, requireContextName, withContext } from "../../cli/config/contexts.ts";
import { saveOperatorSecret, saveProjectSecret, saveProjectToken } from "../../cli/config/credentials.ts";
import { credentialsProject, savedCredentials } from "../../cli/config/saved-credentials.ts";

export default class ContextAdd extends BaseCommand {
  static override summary = "Save a server, a project of it and what opens them, under a name.";

  static override description = `The first context becomes the active one: commands that are not told otherwise use it. Credentials are kept for the server's origin (scheme, host and port) and the project, in a file that only you may read, and are never sent to another server.
With --force an existing context is changed, and what is not given stays.
--json gives {"name","url","project","active","credentials":{"signingKey","token","operatorKey"}}; keys by their ids.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> local --url http://127.0.0.1:4437",
    "pass show shop |\n  <%= config.bin %> <%= command.id %> prod --url https://streams.example.com \\\n  --project shop --secret -",
    "pass show ops | <%= config.bin %> <%= command.id %> prod --force --operator-secret -",
  ];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The context's name." }),
  };

  static override flags = {
    url: string({ summary: "The server; with a path of its own, the root of its streams.", helpValue: "URL" }),
    project: string({ summary: "The project (default: the server's default project).", helpValue: "NAME" }),
    token: string({ summary: "Only -: read a token from stdin and save it.", helpValue: "-" }),
    secret: string({
      summary: "Only -: read the project's signing secret from stdin and save it; commands then sign their own tokens.",
      helpValue: "-",
    }),
    "operator-secret": string({
      summary: "Only -: read the server's operator secret from stdin and save it.",
      helpValue: "-",
    }),
    force: boolean({ summary: "Change a context that is there already." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextAdd);
    const name = requireContextName(args.name);
    const context = withChanges(await loadContexts(this.configFolder), name, flags);
    const project = credentialsProject(context);
    const credential = await announcedCredential(flags, context);
    if (credential?.kind === "secret")
      await saveProjectSecret(this.configFolder, context.url, project, credential.value);
    if (credential?.kind === "token") await saveProjectToken(this.configFolder, context.url, project, credential.value);
    if (credential?.kind === "operator") await saveOperatorSecret(this.configFolder, context.url, credential.value);
    const saved = await changeContexts(this.configFolder, (all) =>
      withContext(all, name, withChanges(all, name, flags)),
    );
    const { signingKey, hasToken, operatorKey } = await savedCredentials(this.configFolder, context);
    const warning = unencryptedWarning(context.url);
    if (warning !== undefined) this.notices.warning(warning);
    if (credential?.kind === "token" && signingKey !== undefined) {
      this.notices.warning(
        "A signing secret is saved for this project too, and commands use that instead of the token.",
      );
    }
    const isActive = saved.active === name;
    const use = isActive
      ? "It is the active one."
      : `Use it with -C ${name}, or: ${this.config.bin} context use ${name}`;
    this.notices.note(`Saved the context ${name}. ${use}`);
    return { name, ...context, active: isActive, credentials: { signingKey, token: hasToken, operatorKey } };
  }
}

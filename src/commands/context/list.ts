import { BaseCommand } from "../../cli/base-command.ts";
import { contextsTable } from "../../cli/config/context-lines.ts";
import { loadContexts } from "../../cli/config/contexts.ts";
import { savedCredentials } from "../../cli/config/saved-credentials.ts";
import { writeOutput } from "../../cli/standard-output.ts";

export default class ContextList extends BaseCommand {
  static override summary = "List the saved contexts.";
  static override description = `The active one is marked by *. CREDENTIALS says what is saved, and never what it is.
--json gives {"active","contexts":[{"name","url","project","active","credentials":{"signingKey","token","operatorKey"}}]}; keys by their ids.`;
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextList);
    const { active, contexts } = await loadContexts(this.configFolder);
    const rows = await Promise.all(
      Object.entries(contexts).map(async ([name, { url, project }]) => {
        const saved = await savedCredentials(this.configFolder, { url, project });
        return { name, url, project, active: name === active, saved };
      }),
    );
    if (!flags.json) await writeOutput(contextsTable(rows));
    if (rows.length === 0)
      this.notices.note(`There is no context. Save one with: ${this.config.bin} context add NAME --url URL`);
    const list = rows.map(({ saved: { signingKey, hasToken, operatorKey }, ...row }) => {
      return { ...row, credentials: { signingKey, token: hasToken, operatorKey } };
    });
    return { active, contexts: list };
  }
}

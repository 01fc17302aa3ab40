import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { changeContexts, loadContexts, requireContext, withoutContext } from "../../cli/config/contexts.ts";
import { forgetUnused } from "../../cli/config/saved-credentials.ts";

export default class ContextRemove extends BaseCommand {
  static override summary = "Remove a context, and the saved credentials that no other context uses.";
  static override description =
    "The server and its streams stay as they are. A signing secret that is saved nowhere else is gone: an operator can then give the project another one (projects rotate).";
  static override examples = [
    "<%= config.bin %> <%= command.id %> prod",
    "<%= config.bin %> <%= command.id %> prod --keep-credentials",
  ];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The context's name." }),
  };

  static override flags = {
    "keep-credentials": boolean({ summary: "Leave what is saved for its server and project." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextRemove);
    const { name } = args;
    const before = await loadContexts(this.configFolder);
    const context = requireContext(before, name);
    const left = await changeContexts(this.configFolder, (all) => withoutContext(all, name));
    const isKept = flags["keep-credentials"];
    const forgotten = isKept ? [] : await forgetUnused(this.configFolder, left, context);
    const also = forgotten.length === 0 ? "" : `, and forgot ${forgotten.join(" and ")}`;
    this.notices.note(`Removed the context ${name}${also}.`);
    if (before.active === name && Object.keys(left.contexts).length > 0) {
      this.notices.note(`No context is active now; choose one: ${this.config.bin} context use NAME`);
    }
    return { name, removed: true, forgotten };
  }
}

import { string as stringArg } from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { changeContexts, requireContext } from "../../cli/config/contexts.ts";

export default class ContextUse extends BaseCommand {
  static override summary = "Make a context the one that commands use when they are not told otherwise.";
  static override examples = ["<%= config.bin %> <%= command.id %> prod"];

  static override args = {
    name: stringArg({ required: true, ignoreStdin: true, description: "The context's name." }),
  };

  override async run(): Promise<unknown> {
    const { args } = await this.parse(ContextUse);
    const { name } = args;
    const all = await changeContexts(this.configFolder, (current) => {
      requireContext(current, name);
      return current.active === name ? current : { ...current, active: name };
    });
    const context = requireContext(all, name);
    const project = context.project === undefined ? "" : `, project ${JSON.stringify(context.project)}`;
    this.notices.note(`The active context is ${name}: ${context.url}${project}`);
    return { name, ...context, active: true };
  }
}

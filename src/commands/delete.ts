import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { confirm } from "../cli/confirm.ts";
import { ServerCommand } from "../cli/server-command.ts";

export default class Delete extends ServerCommand {
  static override summary = "Delete a stream and all its data.";
  static override examples = ["<%= config.bin %> <%= command.id %> orders --yes"];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    yes: boolean({ char: "y", summary: "Do not ask first." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Delete);
    const url = this.streamUrl(flags, args.stream);
    if (!flags.yes) await this.#ask(url);
    const client = await this.connect(flags);
    await client.delete(url);
    this.notices.note(`Deleted ${url}`);
    return { stream: url, deleted: true };
  }

  async #ask(url: string): Promise<void> {
    if (!this.mayAsk) {
      throw usageFailure(`Deleting ${url} destroys its data, and there is nobody to ask.`, "Confirm with --yes.");
    }
    if (await confirm(`Delete ${url} and all its data?`)) return;
    throw new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was deleted." });
  }
}

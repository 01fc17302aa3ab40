import { string as stringArg } from "@oclif/core/args";
import { ServerCommand } from "../cli/server-command.ts";

export default class Close extends ServerCommand {
  static override summary = "Close a stream: readers learn that nothing will follow.";
  static override description =
    "A closed stream stays readable and can never be opened again. Closing a closed stream succeeds. To append a last message and close in one step, use append --close.";
  static override examples = ["<%= config.bin %> <%= command.id %> orders"];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Close);
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags);
    const { nextOffset } = await client.closeStream(url);
    this.notices.note(`Closed ${url}${nextOffset === undefined ? "" : ` at ${nextOffset}`}`);
    return { stream: url, nextOffset, closed: true };
  }
}

import { Config } from "@oclif/core/config";
import FittingHelp from "./help.ts";

/** The help of everything, as it is for one command. */
class WholeHelp extends FittingHelp {
  get text(): string {
    const parts = this.sortedCommands.map((command) => {
      const help = this.formatCommand(command).trimEnd();
      return `# ${this.config.bin} ${command.id}\n\n${help}\n`;
    });
    return [this.formatRoot().trimEnd(), ...parts].join("\n\n");
  }
}

/** What `help --all` prints. In a file of its own so that no other command loads this part of oclif for it. */
export async function wholeHelp(packageRoot: string): Promise<string> {
  const config = await Config.load({ root: packageRoot });
  return new WholeHelp(config).text;
}

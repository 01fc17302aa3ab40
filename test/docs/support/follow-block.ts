import { expect } from "vitest";
import type { ShellBlock } from "./plan.ts";
import type { Reader } from "./reader.ts";
import { commandsOf } from "./shell.ts";

/** Types a block, command by command; each has to succeed. `after` is told of each. */
export async function followBlock(
  reader: Reader,
  { document, line, text }: ShellBlock,
  after: (command: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const command of commandsOf(text)) {
    const { code, output } = await reader.follow(command);
    // What the document says that is printed.
    const [, exitCode] = /echo "exit code \$\?" +# (\d+)$/.exec(command) ?? [];
    if (exitCode !== undefined) expect(output).toContain(`exit code ${exitCode}\n`);
    expect({ document, line, command, code, output: code === 0 ? "" : output }).toEqual({
      ...{ document, line, command },
      ...{ code: 0, output: "" },
    });
    await after(command);
  }
}

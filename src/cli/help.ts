import { CommandHelp, Help } from "@oclif/core/help";

/**
 * oclif measures the first line of USAGE before it puts the command's name in, so that long names run past the edge of the
 * terminal. This one measures what is shown.
 */
class FittingCommandHelp extends CommandHelp {
  protected override usage(): string {
    // Of a flag that excludes one that is shown elsewhere already, oclif leaves `[--flag | ]`.
    const line = this.render(super.usage())
      .replace(/\s*\n\s*/g, " ")
      .replace(/ \| +(?=[\])])/g, "");
    // Behind the indentation of the section, and that of every line but the first.
    const [first = "", ...rest] = this.wrap(line, 2 * this.indentSpacing).split("\n");
    return [first, ...rest.map((each) => this.indent(each))].join("\n");
  }

  /** oclif takes away the spaces that lines begin with, by which what is to be typed stands apart from prose. */
  override wrap(body: string, spacing: number = this.indentSpacing): string {
    const lines = body.split("\n").map((line) => {
      const [start = ""] = /^ */.exec(line) ?? [];
      const wrapped = super.wrap(line.slice(start.length), spacing + start.length);
      return wrapped.replace(/^(?=.)/gm, start);
    });
    return lines.join("\n");
  }
}

/** What `--help` shows: package.json names this file to oclif, which loads it for nothing else. */
export default class FittingHelp extends Help {
  protected override CommandHelpClass = FittingCommandHelp;
}

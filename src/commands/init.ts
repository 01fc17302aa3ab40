import path from "node:path";
import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { ask } from "../cli/ask.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { callWords, quote } from "../cli/call-words.ts";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { PROJECT_FILE, readProjectFile } from "../cli/deploy/project-file.ts";
import { isWorkerName } from "../cli/deploy/project-settings.ts";
import { missingFromGitignore, nameFromFolder, scaffold, type PackageFacts } from "../cli/deploy/scaffold.ts";

export default class Init extends BaseCommand {
  static override summary = "Write what a deployment on Cloudflare needs into a folder.";
  static override description = `${PROJECT_FILE} says what \`deploy\` puts on Cloudflare. The other files are for those who extend the Worker: src/worker.ts, a wrangler.jsonc that plain wrangler understands, package.json, tsconfig.json, .gitignore and a workflow for GitHub.
Files that are there already stay as they are.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> my-streams --yes",
    "<%= config.bin %> <%= command.id %> . --name my-streams",
  ];

  static override args = {
    dir: stringArg({ ignoreStdin: true, description: "The folder; it is made if need be.", default: "." }),
  };

  static override flags = {
    name: string({ summary: "Name of the Worker (default: the folder's).", helpValue: "NAME" }),
    yes: boolean({ char: "y", summary: "Ask nothing: take the folder's name." }),
    overwrite: boolean({ summary: "Replace files that are there already, also those that were changed." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Init);
    const folder = path.resolve(args.dir);
    const name = await this.workerName(folder, flags);
    const facts = this.config.pjson as unknown as PackageFacts;
    const files = await scaffold(folder, name, facts, flags.overwrite);
    for (const file of files) this.notices.note(`  ${WORDS[file.state]} ${file.path}`);
    const unsafe = await missingFromGitignore(folder);
    if (unsafe.length > 0) {
      const lines = unsafe.map((line) => `  ${line}`).join("\n");
      this.notices.warning(
        `The .gitignore that is there does not keep these out of git, where secrets are. Add the lines:\n${lines}`,
      );
    }
    this.notices.note(
      this.#farewell(
        args.dir,
        files.every(({ state }) => state === "kept"),
      ),
    );
    return { folder, name, files };
  }

  /** A folder that has a project file already keeps its name. */
  private async workerName(
    folder: string,
    flags: { readonly name?: string | undefined; readonly yes: boolean; readonly overwrite: boolean },
  ): Promise<string> {
    const present = await nameThere(folder);
    if (present !== undefined && !flags.overwrite) {
      if (flags.name === undefined || flags.name === present) return present;
      throw usageFailure(
        `${PROJECT_FILE} in ${folder} has the name ${present} already.`,
        `Change it there, or leave --name out.`,
      );
    }
    const usual = present ?? nameFromFolder(folder);
    if (flags.name !== undefined) return requireName(flags.name, "--name");
    if (flags.yes) return usual;
    if (!this.mayAsk) throw usageFailure("The Worker needs a name.", `Give it by --name, or take ${usual} by --yes.`);
    const given = await ask(`Name of the Worker [${usual}]`);
    return requireName(given === "" ? usual : given, "The name");
  }

  #farewell(dir: string, nothingNew: boolean): string {
    const first = nothingNew ? "Everything is there already." : "Done.";
    const folder = path.resolve(dir);
    const enter = folder === process.cwd() ? "" : `cd ${quote(dir)} && `;
    const script = process.argv[1] ?? this.config.bin;
    const program = callWords({ env: process.env, script, node: process.execPath, cwd: folder });
    return `${first} Next: ${enter}${program} deploy`;
  }
}

const WORDS = { created: "wrote      ", kept: "is there   ", overwritten: "overwrote  " } as const;

/** The name in the folder's project file, if it has one. */
async function nameThere(folder: string): Promise<string | undefined> {
  try {
    return (await readProjectFile(folder)).settings.name;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "NO_PROJECT_FILE") return undefined;
    throw error;
  }
}

function requireName(name: string, source: string): string {
  if (isWorkerName(name)) return name;
  throw usageFailure(
    `${source} ${JSON.stringify(name)} is no name for a Worker.`,
    "It has 1 to 54 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen.",
  );
}

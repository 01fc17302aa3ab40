import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT } from "./exit-codes.ts";
import { ASKING_WORD } from "./completion/shells.ts";
import { reportError } from "./error-report.ts";
import { withFlagsBehind } from "./leading-flags.ts";
import { Notices } from "./notices.ts";
import { endOnBrokenOutput, flushOutput } from "./standard-output.ts";

/** Replaced by the build with the package's version. */
declare const __VERSION__: string;

/** The package's folder, seen from `dist/cli/main.js`: where oclif finds package.json and the manifest. */
const PACKAGE_ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `--version` is asked by scripts at every start; it is answered before oclif is loaded. */
function versionLine(): string {
  return `durable-streams/${__VERSION__} ${process.platform}-${process.arch} node-${process.version}`;
}

/** What is read of the file that oclif has of all commands. */
interface Manifest {
  readonly commands: Readonly<Record<string, { readonly hidden?: boolean }>>;
}

const TOPICS: ReadonlySet<string> = new Set(["context", "inspect", "projects", "subscriptions", "token"]);

/** Commands that take a stream and something more, and have `verify` below them. */
const VERIFIED: ReadonlySet<string> = new Set(["backup", "mirror"]);

/**
 * `help read` and `inspect help cat` are other words for `read --help` and `inspect cat --help`. `backup help DIR` is the
 * backup of a stream that is called help.
 */
function withHelpFlag(argv: readonly string[]): readonly string[] {
  const [topic = "", , below] = argv;
  const isAskedBelow = TOPICS.has(topic) || (VERIFIED.has(topic) && (below === undefined || below === "verify"));
  const at = isAskedBelow ? 1 : 0;
  return argv[at] === "help" ? [...argv.slice(0, at), ...argv.slice(at + 1), "--help"] : argv;
}

/** A command that somebody asks help for and that does not exist is refused as one that somebody runs. */
async function requireHelp(argv: readonly string[]): Promise<void> {
  const end = argv.findIndex((word) => word.startsWith("-"));
  const words = (end === -1 ? argv : argv.slice(0, end)).filter((word) => word !== "help");
  const id = words.join(":");
  const { readFile } = await import("node:fs/promises");
  const manifest = JSON.parse(await readFile(join(PACKAGE_ROOT, "oclif.manifest.json"), "utf8")) as Manifest;
  const names = Object.keys(manifest.commands).filter((name) => manifest.commands[name]?.hidden !== true);
  if (id === "" || TOPICS.has(id) || words.some((_word, i) => names.includes(words.slice(0, i + 1).join(":")))) return;
  const { unknownCommand } = await import("./unknown-command.ts");
  throw unknownCommand(id, names, "durable-streams");
}

/** Failures outside of any command: an unknown command, a broken installation. */
function showFailure(error: unknown, argv: readonly string[]): void {
  const report = reportError(error);
  process.exitCode = report.exitCode;
  if (argv.includes("--json")) {
    const { code, message, hint } = report;
    process.stdout.write(`${JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })}\n`);
  } else {
    new Notices("normal").failure(report, error);
  }
}

/** Whether oclif only asks to end the process, as its help does. */
function isExitRequest(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIT";
}

/**
 * The whole program. It ends the process itself, once stdout has drained: idle keep-alive connections must not hold a
 * finished command up. A command that serves, such as `dev`, therefore returns only when it is done.
 */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  endOnBrokenOutput();
  try {
    if (argv[0] === "--version" || argv[0] === "version") {
      process.stdout.write(`${versionLine()}\n`);
    } else if (argv[0] === ASKING_WORD) {
      const { completionAnswer } = await import("./completion/answer.ts");
      process.stdout.write(await completionAnswer(argv.slice(1), PACKAGE_ROOT));
    } else if (argv[0] === "help" && argv[1] === "--all" && argv.length === 2) {
      const { wholeHelp } = await import("./help-all.ts");
      process.stdout.write(await wholeHelp(PACKAGE_ROOT));
    } else {
      const { runCommand } = await import("./run-command.ts");
      const words = withFlagsBehind(argv);
      const asked = withHelpFlag(words);
      if (asked !== words) await requireHelp(words);
      await runCommand(asked, PACKAGE_ROOT);
    }
  } catch (error) {
    if (!isExitRequest(error)) showFailure(error, argv);
  }
  await flushOutput();
  process.exit(process.exitCode ?? EXIT.done);
}

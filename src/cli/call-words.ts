import { realpathSync } from "node:fs";
import path from "node:path";

/** What there is to know about how this process was started. */
export interface Launch {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that was run: `process.argv[1]`. */
  readonly script: string;
  /** The Node that runs it: `process.execPath`. */
  readonly node: string;
  readonly cwd: string;
}

const PROGRAM = "durable-streams";
/** A project's dependency, or what npx itself has fetched. */
const INSTALLED_BY_NPM = /[\\/]node_modules[\\/]\.bin[\\/][^\\/]+$/;

/** The words that start this very program again in another terminal, in the same folder. */
export function callWords({ env, script, node, cwd }: Launch): string {
  if (INSTALLED_BY_NPM.test(script)) return `npx ${PROGRAM}`;
  if (leadsTo(PROGRAM, script, env)) return PROGRAM;
  const nodeWord = leadsTo("node", node, env) ? "node" : quote(shortest(node, cwd));
  return `${nodeWord} ${quote(shortest(script, cwd))}`;
}

/** Does typing `name` run `file`? npm's additions to PATH do not count: another terminal does not have them. */
function leadsTo(name: string, file: string, env: Launch["env"]): boolean {
  const folders = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const own = folders.filter((folder) => !/[\\/]node_modules[\\/]|node-gyp-bin/.test(`${folder}${path.sep}`));
  const first = own.map((folder) => realPath(path.join(folder, name))).find((found) => found !== undefined);
  return first !== undefined && first === realPath(file);
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function shortest(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative;
}

function quote(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

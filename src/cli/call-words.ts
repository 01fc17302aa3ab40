import { existsSync, readFileSync, realpathSync } from "node:fs";
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
  if (isOwnClone({ env, script, node, cwd })) return `npx ${PROGRAM}`;
  const nodeWord = leadsTo("node", node, env) ? "node" : quote(shortest(node, cwd));
  return `${nodeWord} ${quote(shortest(script, cwd))}`;
}

/**
 * Does npx, called in this folder, run this program? In a clone it finds the `bin` of the clone's own package.json, and
 * runs it with the Node among the dependencies, or else with the one on PATH.
 */
function isOwnClone({ env, script, node, cwd }: Launch): boolean {
  const root = npmFolder(cwd);
  if (root === undefined || packageName(root) !== PROGRAM) return false;
  const run = realPath(path.join(root, "bin", "run.js"));
  if (run === undefined || run !== realPath(script)) return false;
  return existsSync(path.join(root, "node_modules", ".bin", "node")) || leadsTo("node", node, env);
}

/** The folder that npm works on when it is called in `folder`. */
function npmFolder(folder: string): string | undefined {
  if (["package.json", "node_modules"].some((name) => existsSync(path.join(folder, name)))) return folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : npmFolder(parent);
}

function packageName(folder: string): unknown {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "name" in manifest ? manifest.name : undefined;
  } catch {
    return undefined;
  }
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

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
/** Where npx keeps what it fetches; what lies there for a folder on disk is a link to that. */
const FETCHED_BY_NPX = /^(.+[\\/]_npx[\\/][^\\/]+)[\\/]node_modules[\\/]/;

/** The words that start this very program again in a terminal that stands in `cwd`. */
export function callWords(launch: Launch): string {
  const { env, script, node, cwd } = launch;
  if (leadsTo(PROGRAM, script, env)) return PROGRAM;
  if (isFromRegistry(script) || isInstalledFor(launch)) return `npx ${PROGRAM}`;
  const clone = cloneAround(cwd, launch);
  if (clone !== undefined) {
    // In a package of its own inside the clone, npx would look for the program there, and not in the clone.
    return clone === npmFolder(cwd) ? `npx ${PROGRAM}` : `npx --prefix ${quote(path.relative(cwd, clone))} ${PROGRAM}`;
  }
  const nodeWord = leadsTo("node", node, env) ? "node" : quote(shortest(node, cwd));
  return `${nodeWord} ${quote(shortest(script, cwd))}`;
}

/** Has npx fetched it by its name alone? A file that it was given has another place in npx's own manifest. */
function isFromRegistry(script: string): boolean {
  const [, folder] = FETCHED_BY_NPX.exec(realPath(script) ?? script) ?? [];
  if (folder === undefined) return false;
  const { dependencies } = manifestOf(folder);
  const wanted = typeof dependencies === "object" ? Object.entries(dependencies ?? {}) : [];
  return wanted.some(([name, spec]) => name === PROGRAM && typeof spec === "string" && !/[:/]/.test(spec));
}

/** Is it what npx finds among the dependencies of the folder, or of one around it? */
function isInstalledFor(launch: Launch): boolean {
  const start = npmFolder(launch.cwd) ?? launch.cwd;
  const first = foldersAround(start).find((folder) => existsSync(path.join(folder, "node_modules", ".bin", PROGRAM)));
  if (first === undefined) return false;
  const found = realPath(path.join(first, "node_modules", ".bin", PROGRAM));
  return found !== undefined && found === realPath(launch.script) && runsWithThisNode(start, launch);
}

/** The clone that the folder lies in, if this program is the clone's own and npx runs it there. */
function cloneAround(cwd: string, launch: Launch): string | undefined {
  return foldersAround(cwd).find((root) => {
    if (manifestOf(root)["name"] !== PROGRAM) return false;
    const run = realPath(path.join(root, "bin", "run.js"));
    return run !== undefined && run === realPath(launch.script) && runsWithThisNode(root, launch);
  });
}

/** npx runs a program with the Node among the dependencies, or else with the one on PATH. */
function runsWithThisNode(root: string, { env, node }: Launch): boolean {
  // One that npx has started is started so again, whatever stands for Node on PATH.
  if (env["npm_command"] === "exec") return true;
  return existsSync(path.join(root, "node_modules", ".bin", "node")) || leadsTo("node", node, env);
}

/** The folder itself, the one around it, and so on. */
function foldersAround(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAround(parent)];
}

/** The folder that npm works on when it is called in `folder`. */
function npmFolder(folder: string): string | undefined {
  return foldersAround(folder).find((each) =>
    ["package.json", "node_modules"].some((name) => existsSync(path.join(each, name))),
  );
}

function manifestOf(folder: string): Readonly<Record<string, unknown>> {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null ? { ...manifest } : {};
  } catch {
    return {};
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

/** The word as a shell takes it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

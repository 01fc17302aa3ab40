// The package as a user gets it: installs a tarball in an empty folder, from the registry and with the Node and the npm
// that run this, and lets it serve, take and give back a message. Says what the installation weighs, package by package.
//
//     npm pack && node scripts/try-package.mjs durable-streams-0.1.0.tgz
//
// Not run by `npm test`, which has no registry.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/** Larger ones are listed by themselves. */
const LISTED_FROM_BYTES = 5_000_000;

const MESSAGE = '{"id":12345678901234567890}';

/**
 * What the files below a folder take on the disk, in bytes. A file that has several names, as the programs of workerd and
 * esbuild do, counts once: `seen` has those that were counted before.
 * @param {string} folder @param {Set<number>} seen
 */
async function weigh(folder, seen) {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const { blocks, ino } = await lstat(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) bytes += blocks * 512;
    seen.add(ino);
  }
  return bytes;
}

/**
 * The packages at the top of a folder of modules, with those that lie inside them.
 * @param {string} modules
 */
async function packagesOf(modules) {
  const names = (await readdir(modules)).filter((name) => !name.startsWith("."));
  const scoped = names.filter((name) => name.startsWith("@"));
  const inScopes = await Promise.all(
    scoped.map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`)),
  );
  // Those in scopes first: programs are theirs, and other packages only give them a second name.
  return [...inScopes.flat(), ...names.filter((name) => !name.startsWith("@"))];
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** @param {string} modules */
async function installSize(modules) {
  const seen = new Set();
  const weighed = [];
  for (const name of await packagesOf(modules)) weighed.push({ name, bytes: await weigh(join(modules, name), seen) });
  const total = weighed.reduce((sum, { bytes }) => sum + bytes, 0);
  const large = weighed.filter(({ bytes }) => bytes >= LISTED_FROM_BYTES).sort((a, b) => b.bytes - a.bytes);
  const count = `${String(weighed.length)} packages and what lies inside them`;
  return [
    `installed      ${megabytes(total)} on the disk: ${count}`,
    ...large.map(({ name, bytes }) => `  ${megabytes(bytes).padStart(9)}  ${name}`),
  ].join("\n");
}

/**
 * Runs a command to its end; its standard output.
 * @param {string} command @param {readonly string[]} args @param {{ cwd: string, env: NodeJS.ProcessEnv }} where
 * @throws {Error} when it fails
 */
async function output(command, args, where) {
  const child = spawn(command, args, { ...where, stdio: ["ignore", "pipe", "inherit"] });
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${String(code)}: ${stdout}`);
  return stdout;
}

/** @param {unknown} found @param {unknown} expected @param {string} what */
function same(found, expected, what) {
  if (found !== expected) throw new Error(`${what} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  process.stdout.write(`ok             ${what}\n`);
}

/** @param {string} tarball @param {string} folder */
async function tryPackage(tarball, folder) {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|DURABLE_STREAMS_)/i.test(name));
  const env = { ...Object.fromEntries(own), NO_COLOR: "1", DURABLE_STREAMS_CONFIG_DIR: join(folder, "config") };
  const where = { cwd: folder, env };
  await writeFile(join(folder, "package.json"), "{}\n");
  await output("npm", ["install", tarball, "--no-audit", "--no-fund"], where);
  const modules = join(folder, "node_modules");
  process.stdout.write(`Node           ${process.version}\n${await installSize(modules)}\n`);

  const { version } = JSON.parse(await readFile(join(modules, "durable-streams/package.json"), "utf8"));
  const program = join(modules, ".bin/durable-streams");
  const said = await output(program, ["--version"], where);
  same(said.split(" ")[0], `durable-streams/${version}`, "--version");

  const server = spawn(program, ["dev", "--port", "0", "--json"], { ...where, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(server, "close");
  try {
    const lines = createInterface({ input: server.stdout });
    const [line] = await Promise.race([once(lines, "line"), ended.then(() => ["{}"])]);
    /** @type {{ url?: string }} */
    const { url } = JSON.parse(String(line));
    if (url === undefined) throw new Error("dev ended before it answered");
    const client = { ...where, env: { ...env, DURABLE_STREAMS_URL: url } };
    await output(program, ["create", "tried", "--content-type", "application/json"], client);
    await output(program, ["append", "tried", MESSAGE], client);
    same(await output(program, ["read", "tried"], client), `${MESSAGE}\n`, "what was appended comes back");
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
  same(server.exitCode, 0, "dev ends in order");
}

const [tarball] = process.argv.slice(2);
if (tarball === undefined) {
  process.stderr.write("Which tarball? npm pack && node scripts/try-package.mjs durable-streams-0.1.0.tgz\n");
  process.exit(2);
}
const folder = await mkdtemp(join(tmpdir(), "durable-streams-try-"));
try {
  await tryPackage(resolve(tarball), folder);
} catch (error) {
  process.stderr.write(`try-package: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

// `npm run record`: the picture at the top of the README, as a real terminal shows it. A user's steps are typed into tmux,
// in an empty folder in which the package is installed that `npm pack` makes; nothing is asked of any network.
//
//   npm run record                       writes docs/images/terminal.svg; needs tmux, and port 4437 to be free
//   node scripts/record.mjs FILE PORT    writes another file, with the server on another port
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { install, pack } from "../test/support/packed-package.ts";
import { ROOT } from "./lib/process.mjs";
import { RecordedTerminal } from "./lib/recorded-terminal.mjs";
import { terminalSvg } from "./lib/terminal-svg.mjs";

const USUAL_PORT = 4437;
/** Between two messages that others append, in the film as in fact: the view tells messages a second. */
const PACE_MS = 400;
const SCREEN = { columns: 96, rows: 20 };
const LABEL =
  "A terminal: npx durable-streams dev starts a server; in a second terminal a stream is created, two messages are " +
  "appended and read, and the live view shows further ones as they arrive, one unfolded, filtered by .eur = 4.5";

const [file = join(ROOT, "docs/images/terminal.svg"), port = String(USUAL_PORT)] = process.argv.slice(2);
const isUsual = port === String(USUAL_PORT);
const url = `http://127.0.0.1:${port}`;

/** A folder as a user has it, and variables under which nothing of the developer's own reaches the commands. */
async function emptyFolder() {
  const folder = await mkdtemp(join(tmpdir(), "shop-"));
  await install(await pack(folder), folder);
  await mkdir(join(folder, ".bin"));
  await symlink(process.execPath, join(folder, ".bin/node"));
  // What a shell reads at its start; it makes prompts of its own for some users.
  await writeFile(join(folder, ".shrc"), "PS1='$ '\n");
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|DURABLE_STREAMS_|NODE_|NO_COLOR)/i.test(name));
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((each) => !each.includes("node_modules"));
  const env = {
    ...Object.fromEntries(own),
    PATH: [join(folder, ".bin"), ...folders].join(delimiter),
    ENV: join(folder, ".shrc"),
    TERM: "screen-256color",
    DURABLE_STREAMS_CONFIG_DIR: join(folder, ".config"),
    ...(isUsual ? {} : { DURABLE_STREAMS_URL: url }),
    npm_config_offline: "true",
    npm_config_cache: join(folder, ".npm"),
    npm_config_update_notifier: "false",
  };
  return { folder, env };
}

/** What others write while the live view is open. */
async function append(/** @type {unknown} */ message) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/stream/orders`, { method: "POST", headers, body: JSON.stringify(message) });
  if (!response.ok) throw new Error(`the append was answered with ${response.status}`);
}

async function serve(/** @type {RecordedTerminal} */ terminal) {
  await terminal.keep(700);
  await terminal.type(`npx durable-streams dev${isUsual ? "" : ` --port ${port}`}`);
  await terminal.shows(2600, "Ctrl-C stops the server");
}

async function work(/** @type {RecordedTerminal} */ terminal) {
  await terminal.keep(500);
  await terminal.type("npx durable-streams create orders --content-type application/json");
  await terminal.shows(900, "Created ");
  await terminal.type(`printf '{"id":1,"item":"tea"}\\n{"id":2,"item":"jam"}\\n' | npx durable-streams append orders`);
  await terminal.shows(1100, "Appended 2 messages");
  await terminal.type("npx durable-streams read orders");
  await terminal.shows(1400, /^\{"id":2,"item":"jam"\}$/m);
  await terminal.type("npx durable-streams tail orders --from-start");
  await terminal.shows(900, /live/, '"jam"');
  for (let id = 3; id <= 9; id++) {
    await append({ id, item: ["milk", "rye bread", "eggs"][id % 3], eur: 1.5 * (1 + (id % 3)), paid: id % 2 === 0 });
    await terminal.shows(PACE_MS, `"id":${id}`);
    await wait(PACE_MS);
  }
  await terminal.press("k");
  await terminal.shows(500, /paused/);
  await terminal.press("Enter");
  await terminal.shows(1800, /"id": 8/);
  await terminal.press("Enter");
  await terminal.press("f");
  for (const key of ".eur = 4.5") {
    await terminal.press(key === " " ? "Space" : key);
    await terminal.keep(90);
  }
  await terminal.press("Enter");
  await terminal.shows(600, ".eur = 4.5");
  await terminal.press("G");
  await append({ id: 10, item: "honey", eur: 4.5, paid: true });
  await terminal.shows(3200, '"id":10', '"honey"');
}

const { folder, env } = await emptyFolder();
/** @type {RecordedTerminal[]} */
const terminals = [];
try {
  for (const [title, act] of /** @type {const} */ ([
    ["Terminal 1: the server", serve],
    ["Terminal 2", work],
  ])) {
    const terminal = await RecordedTerminal.open({ title, cwd: folder, env, ...SCREEN });
    terminals.push(terminal);
    await act(terminal);
  }
  await mkdir(dirname(resolve(file)), { recursive: true });
  const svg = terminalSvg(
    terminals.flatMap(({ frames }) => frames),
    { ...SCREEN, label: LABEL },
  );
  await writeFile(file, svg);
  process.stdout.write(`${file}: ${svg.length} bytes\n`);
} finally {
  // The view first, and then the server in order.
  for (const terminal of terminals.toReversed()) {
    await terminal.press("C-c");
    await terminal.close();
  }
  await rm(folder, { recursive: true, force: true });
}

// A reader who follows a document on this machine, with a server as `npm start` starts it.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT } from "../../../scripts/lib/process.mjs";
import { BIN, environment, NODE } from "../../support/cli.ts";
import { type CommandResult, DocumentShell } from "./shell.ts";

/** The addresses that documents name; a machine may use them for something else. */
const SERVER = "127.0.0.1:4437";
const RECEIVER = "127.0.0.1:8787";

/** Commands that last until somebody ends them: those that a reader ends soon, and those for another terminal. */
const ENDED_SOON: readonly { readonly pattern: RegExp; readonly ready: RegExp }[] = [
  { pattern: /durable-streams tail (?!.*--exit-at-tail)/, ready: /\n/ },
  { pattern: /^curl -N /, ready: /event: control/ },
  { pattern: /durable-streams logs\b/, ready: /Connected|Following|log/i },
];
const IN_ANOTHER_TERMINAL: readonly { readonly pattern: RegExp; readonly ready: RegExp }[] = [
  { pattern: /durable-streams work /, ready: /Ctrl-C ends it/ },
  { pattern: /durable-streams listen /, ready: /Ctrl-C ends it/ },
  { pattern: /receiver\.mjs &$/, ready: /Listening on/ },
];
const SERVES = /durable-streams dev\b/;

/** What `npx` would find in the clone, without the second that npm takes for it; test/package runs the real one. */
const NPX = `#!/bin/sh
if [ "$1" = --prefix ]; then shift 2; fi
tool=$1
shift
case $tool in
  durable-streams) exec "${NODE}" "${BIN}" "$@" ;;
  wrangler) exec "${NODE}" "${join(ROOT, "node_modules/wrangler/bin/wrangler.js")}" "$@" ;;
esac
echo "npx: the documents should not need $tool" >&2
exit 127
`;

export class Reader {
  readonly #home: string;
  readonly #port: number;
  readonly #receiverPort: number;
  readonly #shell: DocumentShell;
  #server: { end(): Promise<void> } | undefined;

  private constructor(
    home: string,
    ports: readonly [server: number, receiver: number],
    env: Readonly<Record<string, string>>,
  ) {
    this.#home = home;
    [this.#port, this.#receiverPort] = ports;
    const path = [join(home, "bin"), process.env["PATH"]].join(delimiter);
    this.#shell = new DocumentShell(
      join(home, "clone"),
      environment({
        DURABLE_STREAMS_CONFIG_DIR: join(home, "config"),
        DURABLE_STREAMS_ROOT: `http://127.0.0.1:${String(this.#port)}/v1/stream`,
        PORT: String(this.#receiverPort),
        CURL_HOME: home,
        CI: "",
        ...env,
        PATH: path,
      }),
    );
  }

  /** In an empty folder with the examples of the clone. */
  static async arrive(env: Readonly<Record<string, string>> = {}): Promise<Reader> {
    const home = await mkdtemp(join(tmpdir(), "durable-streams-reader-"));
    await mkdir(join(home, "bin"));
    await mkdir(join(home, "clone"));
    await symlink(NODE, join(home, "bin/node"));
    await symlink(join(ROOT, "examples"), join(home, "clone/examples"));
    await writeFile(join(home, "bin/npx"), NPX, { mode: 0o755 });
    // An answer of 4xx or 5xx fails the command, as it disappoints the reader.
    await writeFile(join(home, ".curlrc"), "fail-with-body\nsilent\nshow-error\n");
    return new Reader(home, [await freePort(), await freePort()], env);
  }

  /** `npm start`, but for the build. Commands find it as they find a server at its usual address. */
  async startServer(): Promise<void> {
    await this.#shell.set("DURABLE_STREAMS_URL", `http://127.0.0.1:${String(this.#port)}`);
    await this.#serve("npx durable-streams dev --demo");
  }

  /** Does what a command says; the result of one that lasts is that it did what it is for. */
  async follow(command: string): Promise<CommandResult> {
    const line = this.#here(command);
    if (SERVES.test(line)) {
      // From now on the context counts that it saves.
      await this.#shell.set("DURABLE_STREAMS_URL", undefined);
      await this.#serve(line.replace(/#.*/, ""));
      return { code: 0, output: "" };
    }
    const lasting = IN_ANOTHER_TERMINAL.find(({ pattern }) => pattern.test(line.replace(/ *#.*/, "")));
    if (lasting !== undefined) {
      const { output } = await this.#shell.start(line.replace(/ *#.*/, "").replace(/ *&$/, ""), lasting.ready);
      return { code: 0, output };
    }
    const short = ENDED_SOON.find(({ pattern }) => pattern.test(line));
    if (short === undefined) return this.#shell.run(line);
    const running = await this.#shell.start(line, short.ready);
    await running.end();
    return { code: 0, output: running.output };
  }

  async leave(): Promise<void> {
    await this.#shell.close();
    await rm(this.#home, { recursive: true, force: true });
  }

  async #serve(command: string): Promise<void> {
    await this.#server?.end();
    const line = command.trim().replace(SERVES, (found) => `${found} --port ${String(this.#port)}`);
    this.#server = await this.#shell.start(line, /Ctrl-C stops the server/);
  }

  /** The command for this machine's addresses. */
  #here(command: string): string {
    return command
      .replaceAll(SERVER, `127.0.0.1:${String(this.#port)}`)
      .replaceAll(RECEIVER, `127.0.0.1:${String(this.#receiverPort)}`)
      .replaceAll("-C local ", `-C local-${String(this.#port)} `);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

// A reader who follows a document on this machine, with a server as `npm start` starts it.
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ROOT } from "../../../scripts/lib/process.mjs";
import { BIN, environment, NODE } from "../../support/cli.ts";
import { steadyPort } from "../../support/steady-port.ts";
import { type CommandResult, DocumentShell } from "./shell.ts";

/** The addresses that documents name; a machine may use them for something else. */
const SERVER = "127.0.0.1:4437";
const RECEIVER = "127.0.0.1:8787";
/** Another server, for copies from one to the other, on a port that the document says. */
const OTHER_PORT = "4438";

/** Commands that last until somebody ends them: those that a reader ends soon, and those for another terminal. */
const ENDED_SOON: readonly { readonly pattern: RegExp; readonly ready: RegExp }[] = [
  { pattern: /durable-streams tail (?!.*--exit-at-tail)/, ready: /\n/ },
  { pattern: /^curl -N /, ready: /event: control/ },
  { pattern: /durable-streams logs\b/, ready: /Following the log/ },
];
const IN_ANOTHER_TERMINAL: readonly { readonly pattern: RegExp; readonly ready: RegExp }[] = [
  { pattern: /durable-streams work /, ready: /Ctrl-C ends it/ },
  { pattern: /durable-streams dev .*--port /, ready: /Ctrl-C stops the server/ },
  { pattern: /durable-streams listen /, ready: /Ctrl-C ends it/ },
  { pattern: /receiver\.mjs &$/, ready: /Listening on/ },
];
const SERVES = /durable-streams dev\b(?!.*--port )/;

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

export interface ReaderOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Texts of documents, such as an address, and what stands for them here. */
  readonly places?: readonly (readonly [text: string, here: string])[];
}

export class Reader {
  readonly #home: string;
  readonly #port: number;
  readonly #shell: DocumentShell;
  /** Texts of documents, and what stands for them here. */
  readonly #places: readonly (readonly [text: string, here: string])[];
  #server: { end(): Promise<void> } | undefined;

  private constructor(
    home: string,
    ports: readonly [server: number, receiver: number, other: number],
    { env = {}, places = [] }: ReaderOptions,
  ) {
    this.#home = home;
    const [port, receiverPort, otherPort] = ports;
    this.#port = port;
    this.#places = [
      [SERVER, `127.0.0.1:${String(port)}`],
      [RECEIVER, `127.0.0.1:${String(receiverPort)}`],
      [`127.0.0.1:${OTHER_PORT}`, `127.0.0.1:${String(otherPort)}`],
      [`--port ${OTHER_PORT}`, `--port ${String(otherPort)}`],
      ["-C local ", `-C local-${String(port)} `],
      ...places,
    ];
    const path = [join(home, "bin"), process.env["PATH"]].join(delimiter);
    this.#shell = new DocumentShell(
      join(home, "clone"),
      environment({
        DURABLE_STREAMS_CONFIG_DIR: join(home, "config"),
        DURABLE_STREAMS_ROOT: `http://127.0.0.1:${String(port)}/v1/stream`,
        PORT: String(receiverPort),
        CURL_HOME: home,
        CI: "",
        ...env,
        PATH: path,
      }),
    );
  }

  /** In what a reader needs of a clone that was built: nothing that a command writes gets into this one. */
  static async arrive(options: ReaderOptions = {}): Promise<Reader> {
    const home = await mkdtemp(join(tmpdir(), "durable-streams-reader-"));
    await mkdir(join(home, "bin"));
    await mkdir(join(home, "clone"));
    await symlink(NODE, join(home, "bin/node"));
    for (const name of ["examples", "package.json"]) {
      await cp(join(ROOT, name), join(home, "clone", name), { recursive: true });
    }
    for (const name of ["dist", "node_modules"]) await symlink(join(ROOT, name), join(home, "clone", name));
    await writeFile(join(home, "bin/npx"), NPX, { mode: 0o755 });
    // An answer of 4xx or 5xx fails the command, as it disappoints the reader.
    await writeFile(join(home, ".curlrc"), "fail-with-body\nsilent\nshow-error\n");
    return new Reader(home, [await steadyPort(), await steadyPort(), await steadyPort()], options);
  }

  /** `npm start`, but for the build. */
  async startServer(): Promise<void> {
    await this.#serve("npx durable-streams dev --demo");
  }

  /** The same; commands find it as they find a server at its usual address. */
  async startUsualServer(): Promise<void> {
    await this.#shell.set("DURABLE_STREAMS_URL", `http://127.0.0.1:${String(this.#port)}`);
    await this.#serve("npx durable-streams dev --demo");
  }

  /** A path in the folder where the reader began. */
  file(name: string): string {
    return join(this.#home, "clone", name);
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
    return this.#places.reduce((line, [text, here]) => line.replaceAll(text, here), command);
  }
}

// One guarded server for all commands, and for each run what its words name: made just for it, by commands.
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import { runCli } from "../../../support/cli.ts";
import { startGuarded, type GuardedServer } from "../../../support/servers.ts";
import { inEmptyFolder } from "./runs.ts";
import { NAMES, namesIn, wordsOf, type Name } from "./words.ts";

/** So many that `full` is more than a pipe holds, and lies in segments. */
const MESSAGES = 4000;
const SEGMENT_MESSAGES = "50";

/** What a run has to itself. */
export interface Place {
  readonly words: readonly string[];
  readonly cwd: string;
  /** Leads to the server, with what opens it. */
  readonly env: Readonly<Record<string, string>>;
}

export class Room {
  readonly url: string;
  /** Of the default project, good until an hour ago. */
  readonly expiredToken: string;
  readonly #server: GuardedServer;
  #count = 0;

  private constructor(server: GuardedServer, expiredToken: string) {
    this.#server = server;
    this.url = server.url;
    this.expiredToken = expiredToken;
  }

  static async open(): Promise<Room> {
    const server = await startGuarded({ vars: { SEGMENT_MAX_MESSAGES: SEGMENT_MESSAGES } });
    const hourAgo = Math.floor(Date.now() / 1000) - 3600;
    const expired = await new SignJWT({ scope: "write", sub: "default", iat: hourAgo - 60, exp: hourAgo })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .sign(new TextEncoder().encode(server.signingSecret));
    const room = new Room(server, expired);
    const { full, closed } = NAMES;
    const json = ["--content-type", "application/json"];
    await room.#do(["create", full, ...json]);
    const lines = Array.from({ length: MESSAGES }, (_, n) => `${JSON.stringify({ n, text: "word ".repeat(10) })}\n`);
    await room.#do(["append", full], lines.join(""));
    await room.#do(["create", closed, ...json, "--closed", "[1,2,3]"]);
    return room;
  }

  close(): Promise<void> {
    return this.#server.stop();
  }

  /** All that must never be printed. */
  get secrets(): readonly string[] {
    return [this.#server.signingSecret, this.expiredToken];
  }

  /** An empty folder with the credentials in it, and what the line names in braces. */
  with<R>(line: string, work: (place: Place) => Promise<R>): Promise<R> {
    return inEmptyFolder(async (cwd) => {
      const config = join(cwd, ".config");
      await mkdir(config, { mode: 0o700 });
      await cp(this.#server.env["DURABLE_STREAMS_CONFIG_DIR"] ?? "", config, { recursive: true });
      const env = { DURABLE_STREAMS_CONFIG_DIR: config, DURABLE_STREAMS_URL: this.url };
      const own = String(this.#count++);
      const names: Record<Name, string> = { ...NAMES };
      for (const name of namesIn(line)) names[name] = await this.#make(name, own, env);
      return work({ words: wordsOf(line, names), cwd, env });
    });
  }

  /** Makes one of a kind, and says what it is called. */
  async #make(name: Name, own: string, env: Readonly<Record<string, string>>): Promise<string> {
    if (name === "full" || name === "closed" || name === "none") return NAMES[name];
    const called = name === "token" ? "" : `${NAMES[name]}${own}`;
    if (name === "open") await this.#do(["create", called, "--content-type", "application/json"], "", env);
    if (name === "copy") await this.#do(["mirror", NAMES.closed, called], "", env);
    if (name === "project") await this.#do(["create-project", called], "", env);
    if (name === "context") await this.#do(["context", "add", called, "--url", this.url], "", env);
    if (name === "subscription") {
      const wakes = ["--pattern", `none${own}/*`, "--wake-stream", `wake/${called}`, "--create-wake-stream"];
      await this.#do(["subscriptions", "create", called, ...wakes], "", env);
    }
    if (name === "backup") return this.#backUp(env);
    return name === "token" ? (await this.#do(["mint-token"], "", env)).trim() : called;
  }

  /** The folder is beside that of the credentials, where the run stands. */
  async #backUp(env: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(env["DURABLE_STREAMS_CONFIG_DIR"] ?? "", "..", NAMES.backup);
    await this.#do(["backup", NAMES.closed, folder], "", env);
    return folder;
  }

  async #do(words: readonly string[], input = "", env = this.#server.env): Promise<string> {
    const { code, stdout, stderr } = await runCli(words, { env, input });
    if (code !== 0) throw new Error(`${words.join(" ")} failed: ${stderr}`);
    return stdout;
  }
}

// A terminal in tmux whose screens are kept as frames of a film.
import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const SHOWN_WITHIN_MS = 60_000;
/** A screen cannot be awaited, only looked at. */
const LOOK_EVERY_MS = 50;
/** What the film gives to a word that is typed. */
const WORD_MS = 130;

export class RecordedTerminal {
  /** @type {import("./terminal-svg.mjs").Frame[]} */
  frames = [];
  #socket;
  #title;

  /** @private */
  constructor(/** @type {string} */ socket, /** @type {string} */ title) {
    this.#socket = socket;
    this.#title = title;
  }

  /**
   * A plain shell, without anybody's settings but those of `env`.
   * @param {{ title: string, cwd: string, env: NodeJS.ProcessEnv, columns: number, rows: number }} options
   */
  static async open({ title, cwd, env, columns, rows }) {
    const terminal = new RecordedTerminal(`ds-record-${process.pid}-${title.replaceAll(/\W/g, "")}`, title);
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#tmux(["new-session", "-d", ...size, "-c", cwd, "sh"], { ...env, CI: "", TMUX: "" });
    try {
      await terminal.#tmux(["set-option", "-g", "status", "off"]);
      await terminal.#until(/^\$/);
    } catch (error) {
      await terminal.close();
      throw error;
    }
    return terminal;
  }

  /** Types a command word by word, and presses Enter. */
  async type(/** @type {string} */ line) {
    let typed = "$ ";
    const isTyped = (/** @type {string} */ text) => text.trimEnd().endsWith(typed.trimEnd());
    // What is typed while a command still runs stands before the prompt.
    await this.#until("the prompt", isTyped);
    for (const word of line.match(/\S+\s*/g) ?? []) {
      await this.#tmux(["send-keys", "-l", "--", word]);
      typed += word;
      await this.#until(typed, isTyped);
      await this.keep(WORD_MS);
    }
    await this.press("Enter");
  }

  /** Presses keys by the names that tmux has for them. */
  async press(/** @type {readonly string[]} */ ...keys) {
    await this.#tmux(["send-keys", "--", ...keys]);
  }

  /** Waits until all of this is shown, and keeps the screen for so long. */
  async shows(/** @type {number} */ holdMs, /** @type {readonly (string | RegExp)[]} */ ...wanted) {
    for (const each of wanted) await this.#until(each);
    await this.keep(holdMs);
  }

  /** Keeps what is shown now. */
  async keep(/** @type {number} */ holdMs) {
    this.frames.push({ title: this.#title, rows: await this.#rows("-e"), holdMs });
  }

  async close() {
    await this.#tmux(["kill-server"]);
  }

  /** @param {string | RegExp} wanted @param {(text: string) => boolean} [isShown] */
  async #until(wanted, isShown = (text) => (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text))) {
    const deadlineMs = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      // Long lines are broken where the screen ends.
      const text = (await this.#rows("-J")).join("\n");
      if (isShown(text)) return;
      if (performance.now() > deadlineMs) throw new Error(`the screen never showed ${String(wanted)}:\n${text}`);
      await wait(LOOK_EVERY_MS);
    }
  }

  async #rows(/** @type {string} */ flag) {
    return (await this.#tmux(["capture-pane", flag, "-p"])).replace(/\n$/, "").split("\n");
  }

  /** @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] */
  async #tmux(args, env) {
    const words = ["-u", "-L", this.#socket, "-f", "/dev/null", ...args];
    const { stdout } = await run("tmux", words, env === undefined ? {} : { env });
    return stdout;
  }
}

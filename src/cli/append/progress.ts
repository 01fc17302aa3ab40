import type { AppendSummary } from "./append-input.ts";

/** Input that is done sooner needs no progress line. */
const SHOW_AFTER_MS = 1_000;
const REFRESH_MS = 200;

/** One line on a terminal's stderr that is rewritten in place while a long input is sent. */
export class ProgressLine {
  readonly #startedMs = performance.now();
  #shownMs = 0;
  #isShown = false;

  update({ messages, bytes }: AppendSummary): void {
    const nowMs = performance.now();
    if (nowMs - this.#startedMs < SHOW_AFTER_MS || nowMs - this.#shownMs < REFRESH_MS) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    const rate = Math.round((messages * 1000) / (nowMs - this.#startedMs));
    const line = `${String(messages)} messages, ${(bytes / 1_000_000).toFixed(1)} MB, ${String(rate)}/s`;
    process.stderr.write(`\r\u001b[2K${line}`);
  }

  /** Makes room for what is printed next. */
  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[2K");
  }
}

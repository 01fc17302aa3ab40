/** What is done sooner needs no progress line. */
const SHOW_AFTER_MS = 1_000;
const REFRESH_MS = 200;

const CLEAR_LINE = "\r\u001b[2K";

/** One line on stderr that is rewritten in place while something long goes on. Off a terminal it shows nothing. */
export class StatusLine {
  readonly #isWanted: boolean;
  readonly #startedMs = performance.now();
  #shownMs = 0;
  #isShown = false;

  constructor(isQuiet: boolean) {
    this.#isWanted = !isQuiet && process.stderr.isTTY;
  }

  /** The text is only asked for when it is shown; it gets the milliseconds since the start. */
  update(text: (elapsedMs: number) => string): void {
    if (!this.#isWanted) return;
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#startedMs;
    if (elapsedMs < SHOW_AFTER_MS || nowMs - this.#shownMs < REFRESH_MS) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    process.stderr.write(`${CLEAR_LINE}${text(elapsedMs).slice(0, Math.max(0, process.stderr.columns - 1))}`);
  }

  /** Makes room for what is printed next. */
  clear(): void {
    if (this.#isShown) process.stderr.write(CLEAR_LINE);
    this.#isShown = false;
  }
}

const BAR_CELLS = 20;

/** A part of a whole as a bar and in percent. */
export function progressBar(done: number, total: number): string {
  const part = total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const full = Math.floor(part * BAR_CELLS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}] ${String(Math.floor(part * 100))} %`;
}

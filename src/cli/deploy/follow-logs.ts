import { setTimeout as wait } from "node:timers/promises";
import type { CloudflareApi } from "../../cloudflare/api.ts";
import { CloudflareError } from "../../cloudflare/cloudflare-error.ts";
import { closeTail, listenToTail, openTail } from "../../cloudflare/worker-tail.ts";
import type { Notices } from "../notices.ts";

/** What is followed, and where what it says goes. */
export interface FollowLogsOptions {
  readonly api: CloudflareApi;
  readonly accountId: string;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly notices: Notices;
  /** Gets each invocation, in order. */
  readonly onEvent: (event: unknown) => Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** What a slow reader of our output has not taken yet; beyond that invocations are dropped, and it is said. */
const MOST_WAITING = 10_000;
const CLOSE_WITHIN_MS = 3_000;

/** Each makes a tail, of which a Worker may have few. */
const TRIES_TO_OPEN = 6;

/**
 * Follows a Worker's log until the signal is aborted, whose reason it throws. A lost connection is made again; one that
 * does not come to be for so many tries ends it.
 */
export async function followLogs(options: FollowLogsOptions): Promise<never> {
  const { signal, notices } = options;
  let hasListened = false;
  let unopened = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const attempt = { isOpened: false };
    const failed = await followOnce(options, () => {
      notices.note(hasListened ? "Following again." : `Following the log of ${options.name}; Ctrl-C ends it.`);
      hasListened = true;
      attempt.isOpened = true;
      pauseMs = FIRST_PAUSE_MS;
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (hasListened && error instanceof CloudflareError && error.kind === "unavailable") return error;
      throw error;
    });
    signal.throwIfAborted();
    // Where Cloudflare cannot be asked there is no tail either.
    if (attempt.isOpened) unopened = 0;
    else if (failed === undefined) unopened += 1;
    if (unopened === TRIES_TO_OPEN) throw neverOpens(options.name);
    notices.warning(`${failed?.message ?? "The connection to the log ended."} What happens meanwhile is not shown.`);
    await wait(pauseMs, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

function neverOpens(name: string): CloudflareError {
  return new CloudflareError({
    kind: "unavailable",
    code: "LOG_NOT_OPENED",
    message: `The log of ${name} cannot be followed: its WebSocket did not open in ${String(TRIES_TO_OPEN)} tries.`,
    hint: "Check whether a proxy on the way lets WebSockets through, then run the command again.",
  });
}

async function followOnce(options: FollowLogsOptions, onOpen: () => void): Promise<undefined> {
  const { api, accountId, name, signal } = options;
  const tail = await openTail(api, accountId, name);
  const output = new EventQueue(options);
  try {
    await listenToTail(tail, {
      signal,
      onOpen,
      onMessage: (text) => {
        output.push(text);
      },
    });
    await output.drained();
  } finally {
    // Ctrl-C has aborted everything else, and the tail would count among the few that a Worker may have.
    const closing = api.withSignal(AbortSignal.timeout(CLOSE_WITHIN_MS));
    await closeTail(closing, accountId, name, tail.id).catch(() => undefined);
  }
}

/** Hands messages on one after the other, and holds a bounded number of them. */
class EventQueue {
  readonly #options: FollowLogsOptions;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #dropped = 0;

  constructor(options: FollowLogsOptions) {
    this.#options = options;
  }

  push(text: string): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += 1;
    this.#turn = this.#turn.then(async () => {
      await this.#options.onEvent(parsed(text));
      this.#waiting -= 1;
      if (this.#dropped === 0) return;
      this.#options.notices.warning(`${String(this.#dropped)} invocations came too fast to be shown.`);
      this.#dropped = 0;
    });
  }

  drained(): Promise<void> {
    return this.#turn;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { outcome: "unknown", logs: [{ level: "log", message: [text] }] };
  }
}

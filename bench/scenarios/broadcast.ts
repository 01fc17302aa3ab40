import { Pool, type Client } from "undici";
import { expectStatus } from "../load/http.ts";
import { NUMBER_LENGTH, NUMBERS, oneMessage } from "../load/messages.ts";
import { followSse } from "../load/sse.ts";
import { create, JSON_TYPE, newStream } from "../load/streams.ts";
import type { Target } from "../types.ts";

/** How long after the last append the last delivery may take. */
const PATIENCE_MS = 30_000;
/** A server that falls behind gets appends side by side on so many connections. */
const WRITER_CONNECTIONS = 32;
interface Broadcast {
  readonly deliveriesMs: readonly number[];
  readonly answersMs: readonly number[];
}

/** Takes in what one reader gets and when, and holds it against what was sent. */
class Reader {
  /** By the number of the message. */
  readonly arrivedAt: number[] = [];
  arrived = 0;
  readonly #expected: number;
  #carry = "";

  constructor(expected: number) {
    this.#expected = expected;
  }

  /** True when everything is there. */
  take(text: string): boolean {
    const now = performance.now();
    const whole = this.#carry + text;
    let end = 0;
    for (const match of whole.matchAll(NUMBERS)) {
      const number = Number(match[1]);
      if (number >= this.#expected || this.arrivedAt[number] !== undefined) {
        throw new Error(`message ${number} was delivered twice, or was never sent`);
      }
      this.arrivedAt[number] = now;
      this.arrived++;
      end = match.index + match[0].length;
    }
    // A number may come in two pieces.
    this.#carry = whole.slice(Math.max(end, whole.length - NUMBER_LENGTH + 1));
    return this.arrived === this.#expected;
  }
}

/**
 * Appends at a fixed pace, whether or not the last append was answered, while every one of `clients` follows the stream.
 * A delivery lasts from just before the append is sent until the reader has it.
 */
export async function broadcast(
  target: Target,
  clients: readonly Client[],
  { appends, everyMs }: { readonly appends: number; readonly everyMs: number },
): Promise<Broadcast> {
  const writers = new Pool(target.url, { connections: WRITER_CONNECTIONS, pipelining: 1 });
  try {
    const path = newStream();
    await create(target, writers, path, JSON_TYPE);
    const readers = clients.map(() => new Reader(appends));
    const following = await follow(clients, readers, path);
    const sentAt: number[] = [];
    const answersMs = await appendAtPace(appends, everyMs, async (number) => {
      sentAt[number] = performance.now();
      const call = { method: "POST", path, contentType: JSON_TYPE, body: oneMessage(number) } as const;
      await expectStatus(writers, call, 200, 204);
      return performance.now() - (sentAt[number] ?? 0);
    });
    await within(PATIENCE_MS, Promise.all(following), () => missing(readers, appends));
    return {
      deliveriesMs: readers.flatMap((reader) => reader.arrivedAt.map((at, i) => at - (sentAt[i] ?? 0))),
      answersMs,
    };
  } finally {
    await writers.destroy();
  }
}

/** Resolves when every reader is connected and at the tail, to one promise a reader that resolves when it has all. */
async function follow(
  clients: readonly Client[],
  readers: readonly Reader[],
  path: string,
): Promise<readonly Promise<void>[]> {
  const following: Promise<void>[] = [];
  const ready = clients.map(
    (client, i) =>
      new Promise<void>((resolve, reject) => {
        const follows = followSse(client, `${path}?offset=now&live=sse`, (text) => {
          resolve();
          return readers[i]?.take(text) ?? true;
        });
        follows.catch(reject);
        following.push(follows);
      }),
  );
  await within(PATIENCE_MS, Promise.all(ready), () => "not every reader was told that it is at the tail");
  return following;
}

async function appendAtPace(
  count: number,
  everyMs: number,
  append: (number: number) => Promise<number>,
): Promise<number[]> {
  const startedAt = performance.now();
  const answers: Promise<number>[] = [];
  for (let number = 0; number < count; number++) {
    const waitMs = startedAt + number * everyMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const answer = append(number);
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}

function missing(readers: readonly Reader[], appends: number): string {
  const arrived = readers.reduce((sum, reader) => sum + reader.arrived, 0);
  return `${arrived} of ${readers.length * appends} deliveries arrived within ${PATIENCE_MS / 1000} s`;
}

async function within<T>(ms: number, work: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

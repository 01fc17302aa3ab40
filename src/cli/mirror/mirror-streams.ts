import { setTimeout as wait } from "node:timers/promises";
import type { StreamClient } from "../../client/stream-client.ts";
import { isOwnFailure, type NamedFailure, STREAMS_AT_ONCE } from "../backup/backup.ts";
import type { PrefixMap } from "../backup/prefix-map.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { inParallel } from "../inspect/in-parallel.ts";
import { kindOf, type MirrorEnd, mirrorStream, type MirrorOptions, type MirrorSummary } from "./mirror-stream.ts";
import { listedNames } from "../listing/listed-names.ts";
import { isSamePlace, namedStreamUrl } from "../server-address.ts";

/** Failures that are told one by one; of the rest only the number is. */
const TOLD_MAX = 10;

/** Most streams that one command follows: each takes a connection of its own. */
const FOLLOWED_MAX = 500;

/** How soon a stream that is created meanwhile is followed too. */
const LIST_AGAIN_MS = 5_000;

/** A server's streams: the URL below which they are, and a client with the credentials for them. */
interface MirrorRoot {
  readonly client: StreamClient;
  readonly root: string;
}

/** Which streams are mirrored, and to where. */
export interface ManyStreams {
  readonly source: MirrorRoot;
  readonly target: MirrorRoot;
  readonly prefix: string;
  readonly map: PrefixMap;
  readonly signal: AbortSignal;
}

export interface MirrorStreamsOptions
  extends Omit<MirrorOptions, "source" | "target" | "checkpoint" | "onCaughtUp">, ManyStreams {
  /** Called at once where streams are followed: their command has no other end to tell it at. */
  readonly onFailure: (failure: NamedFailure) => void;
  readonly onCaughtUp: (streams: number) => void;
}

/** What a run over many streams has mirrored. */
export interface MirrorsSummary {
  /** The URLs below which the streams and their copies are. */
  readonly source: string;
  readonly target: string;
  readonly streams: number;
  /** Streams that had nothing new. */
  readonly unchanged: number;
  /** Of JSON streams. */
  readonly messages: number;
  readonly bytes: number;
  /** JSON messages that the target's server wrote anew, of those that were compared. */
  readonly rewritten: number;
  readonly failed: number;
  readonly failures: readonly NamedFailure[];
}

class Tally {
  readonly #ends: { readonly source: string; readonly target: string };
  #sum = { streams: 0, unchanged: 0, messages: 0, bytes: 0, rewritten: 0, failed: 0 };
  readonly #failures: NamedFailure[] = [];

  constructor({ source, target }: ManyStreams) {
    this.#ends = { source: source.root, target: target.root };
  }

  add(done: MirrorSummary): void {
    const { streams, unchanged, messages, bytes, rewritten, failed } = this.#sum;
    const moved = done.position - done.resumedAt;
    this.#sum = {
      streams: streams + 1,
      unchanged: unchanged + (moved === 0 ? 1 : 0),
      messages: messages + (kindOf(done) === "json" ? moved : 0),
      bytes: bytes + done.bytes,
      rewritten: rewritten + done.rewritten,
      failed,
    };
  }

  fail(failure: NamedFailure): void {
    this.#sum.failed++;
    if (this.#failures.length < TOLD_MAX) this.#failures.push(failure);
  }

  get summary(): MirrorsSummary {
    return { ...this.#ends, ...this.#sum, failures: this.#failures };
  }
}

export function namesOf({ source, prefix, signal }: ManyStreams): AsyncGenerator<string> {
  return listedNames(source.client, { root: source.root, prefix, signal });
}

/** Where the streams of a run go. */
export class Targets {
  readonly #options: ManyStreams;
  readonly #taken = new Map<string, string>();

  constructor(options: ManyStreams) {
    this.#options = options;
  }

  /** The name of a stream's copy. Refuses one that another stream of this run has, and one that would be mirrored in turn. */
  nameOf(name: string): string {
    const { source, target, prefix, map } = this.#options;
    const to = map.apply(name);
    // By another name of the server, the creation says later whether it is the same stream.
    if (source.root === target.root && to === name) throw ontoItself(name);
    const goesOn = to.startsWith(prefix) && map.apply(to) !== to;
    if (goesOn && isSamePlace(source.root, target.root)) throw withoutEnd(name, to, prefix);
    const other = this.#taken.get(to);
    if (other !== undefined && other !== name) throw intoOne(name, other, to);
    this.#taken.set(to, name);
    return to;
  }

  /** A stream's URL, and its copy's, each with the client for it. */
  endsOf(name: string): { readonly source: MirrorEnd; readonly target: MirrorEnd } {
    const { source, target } = this.#options;
    const to = this.nameOf(name);
    return {
      source: { client: source.client, url: namedStreamUrl({ url: source.root }, name) },
      target: { client: target.client, url: namedStreamUrl({ url: target.root }, to) },
    };
  }
}

async function mirrorOne(
  name: string,
  targets: Targets,
  options: MirrorStreamsOptions,
  onCaughtUp: () => void,
): Promise<MirrorSummary> {
  return mirrorStream({ ...options, ...targets.endsOf(name), onCaughtUp });
}

/** Each run would mirror the copies of the one before. */
function withoutEnd(name: string, to: string, prefix: string): CommandFailure {
  return usageFailure(
    `${JSON.stringify(name)} would be mirrored to ${JSON.stringify(to)} of the same server, which begins with ${JSON.stringify(prefix)} and would be mirrored in turn, without end.`,
    "Name another server, or with --prefix-map OLD=NEW names that do not begin so.",
  );
}

function intoOne(name: string, other: string, to: string): CommandFailure {
  return usageFailure(
    `--prefix-map makes ${JSON.stringify(to)} of both ${JSON.stringify(other)} and ${JSON.stringify(name)}.`,
    "Map them to different names.",
  );
}

function ontoItself(name: string): CommandFailure {
  return usageFailure(
    `${JSON.stringify(name)} would be mirrored onto itself.`,
    "Name another server, or other names with --prefix-map OLD=NEW.",
  );
}

/** Mirrors the streams that there are, a few at a time; what one of them refuses holds up no other. */
export async function mirrorStreams(options: MirrorStreamsOptions): Promise<MirrorsSummary> {
  const tally = new Tally(options);
  const targets = new Targets(options);
  const one = async (name: string): Promise<MirrorSummary | NamedFailure> => {
    try {
      return await mirrorOne(name, targets, options, () => undefined);
    } catch (error) {
      if (isOwnFailure(error)) return { name, error };
      throw error;
    }
  };
  for await (const done of inParallel(namesOf(options), STREAMS_AT_ONCE, one)) {
    if (!("error" in done)) tally.add(done);
    else {
      tally.fail(done);
      options.onFailure(done);
    }
  }
  return tally.summary;
}

/** Follows the streams that there are and those that are created meanwhile, until the signal ends it. */
export async function followStreams(options: MirrorStreamsOptions): Promise<MirrorsSummary> {
  const tally = new Tally(options);
  const targets = new Targets(options);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const begun = new Map<string, Promise<void>>();
  const caughtUp = new Set<string>();
  const one = async (name: string): Promise<void> => {
    try {
      tally.add(
        await mirrorOne(name, targets, { ...options, signal }, () => {
          if (caughtUp.has(name)) return;
          caughtUp.add(name);
          options.onCaughtUp(caughtUp.size);
        }),
      );
    } catch (error) {
      if (signal.aborted) return;
      if (!isOwnFailure(error)) {
        stop.abort(error);
        return;
      }
      tally.fail({ name, error });
      options.onFailure({ name, error });
    }
  };
  try {
    for (;;) {
      for await (const name of namesOf({ ...options, signal })) {
        if (!begun.has(name)) begun.set(name, one(name));
        if (begun.size > FOLLOWED_MAX) throw tooMany(options.prefix);
      }
      await wait(LIST_AGAIN_MS, undefined, { signal });
    }
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(begun.values());
    options.signal.throwIfAborted();
    throw stop.signal.reason;
  }
}

function tooMany(prefix: string): CommandFailure {
  return new CommandFailure({
    code: "TOO_MANY_STREAMS",
    message: `More than ${String(FOLLOWED_MAX)} streams have names that begin with ${JSON.stringify(prefix)}, and each takes a connection to follow.`,
    hint: "Follow fewer with a longer --prefix, or mirror without --follow again and again.",
  });
}

import type { DirectoryClient, ListedStream } from "../../client/directory.ts";
import { now } from "../../screen/now.ts";
import type { ViewSource } from "../../tail/io/source.ts";
import { LiveScene } from "../../tail/live-scene.ts";
import { InspectScene, type Inspection } from "../inspect/inspect-scene.ts";
import { WatchedScene } from "../watched-scene.ts";
import { reduceList, type ListEvent, type OwnEffect } from "./reduce.ts";
import { listScreen } from "./screen.ts";
import { initialList, pathsOnScreen, type ListState } from "./state.ts";

/** Streams that are asked what they are at one time. */
const ASKED_AT_ONCE = 8;

/** A long list takes long to fetch: it is left alone for at least so many times as long. */
const PAUSE_PER_FETCH = 4;

interface Listing {
  readonly directory: Pick<DirectoryClient, "names" | "streams">;
  /** The URL below which the streams are. */
  readonly root: string;
  readonly prefix: string | undefined;
  /** From one refresh to the next, at least. */
  readonly intervalMs: number;
  /** A stream's last messages, and from then on what comes. What it throws is shown in the list. */
  readonly sourcesOf: (path: string, signal: AbortSignal) => Promise<readonly ViewSource[]>;
  readonly inspectionOf: (path: string, signal: AbortSignal) => Promise<Inspection>;
}

/** The streams of a project, asked again and again. Names are all fetched, and only streams on the screen are asked. */
export class ListScene extends WatchedScene<ListState, ListEvent, OwnEffect> {
  readonly #listing: Listing;
  #asking: Promise<void> | undefined;
  /** Since the last refresh. */
  readonly #asked = new Set<string>();

  constructor(listing: Listing) {
    super({ initial: initialList(listing.root, listing.prefix ?? ""), reduce: reduceList, rows: listScreen });
    this.#listing = listing;
  }

  protected override async refresh(): Promise<void> {
    const { directory, prefix } = this.#listing;
    this.screen.dispatch({ type: "refreshing" });
    const names: string[] = [];
    for await (const page of directory.names({ prefix, signal: this.signal })) {
      for (const name of page) names.push(name);
    }
    await this.#asking;
    this.#asked.clear();
    this.screen.dispatch({ type: "listed", names, atMs: now() });
    await this.#askNow(pathsOnScreen(this.screen.getState()));
  }

  protected override pauseMs(tookMs: number): number {
    return Math.max(this.#listing.intervalMs, tookMs * PAUSE_PER_FETCH);
  }

  /** What has just come onto the screen is asked at once. */
  protected override fetchShown(): void {
    const state = this.screen.getState();
    if (this.#asking !== undefined || state.isRefreshing || state.problem !== undefined) return;
    const unknown = pathsOnScreen(state).filter((path) => !state.known.has(path));
    this.#askNow(unknown).catch(this.fail.bind(this));
  }

  protected override act({ type, path }: OwnEffect): void {
    const { signal } = this;
    const { sourcesOf, inspectionOf } = this.#listing;
    void this.open(async () =>
      type === "open"
        ? new LiveScene(await sourcesOf(path, signal), true)
        : new InspectScene(await inspectionOf(path, signal), true),
    );
  }

  /** Asks streams what they are, unless they were asked since the last refresh. */
  async #askNow(paths: readonly string[]): Promise<void> {
    const left = paths.filter((path) => !this.#asked.has(path));
    if (left.length === 0) return;
    for (const path of left) this.#asked.add(path);
    const asking = this.#ask(left);
    // Whoever waits for this one only has to know that it is over.
    this.#asking = asking.catch(() => undefined);
    try {
      await asking;
    } finally {
      this.#asking = undefined;
    }
  }

  async #ask(left: string[]): Promise<void> {
    const askNext = async (): Promise<void> => {
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        const stream = await this.#streamAt(path);
        if (stream !== undefined) this.screen.dispatch({ type: "asked", stream, atMs: now() });
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askNext));
  }

  /** Of all names that begin with a path the path itself is the first. */
  async #streamAt(path: string): Promise<ListedStream | undefined> {
    for await (const [stream] of this.#listing.directory.streams({ prefix: path, limit: 1, signal: this.signal })) {
      if (stream?.path === path) return stream;
    }
    return undefined;
  }
}

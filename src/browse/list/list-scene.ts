import type { DirectoryClient, ListedStream } from "../../client/directory.ts";
import { now } from "../../screen/now.ts";
import type { Notice, Scene, Stagehand } from "../../screen/scene.ts";
import { Store } from "../../screen/store.ts";
import type { ViewSource } from "../../tail/io/source.ts";
import { LiveScene } from "../../tail/live-scene.ts";
import { InspectScene, type Inspection } from "../inspect/inspect-scene.ts";
import { reasonOf, Watch } from "../watch.ts";
import { reduceList, type ListEffect, type ListEvent } from "./reduce.ts";
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
export class ListScene implements Scene {
  readonly screen: Store<ListState, ListEvent, ListEffect>;
  readonly #listing: Listing;
  readonly #watch: Watch;
  #stagehand: Stagehand | undefined;
  #asking: Promise<void> | undefined;
  /** Since the last refresh. */
  readonly #asked = new Set<string>();
  #unsubscribe: () => void = () => undefined;

  constructor(listing: Listing) {
    this.#listing = listing;
    this.screen = new Store<ListState, ListEvent, ListEffect>(
      {
        initial: initialList(listing.root, listing.prefix ?? ""),
        reduce: reduceList,
        rows: listScreen,
        isTyping: ({ prompt }) => prompt !== undefined,
      },
      (effect) => {
        this.#carryOut(effect);
      },
    );
    this.#watch = new Watch({
      refresh: (signal) => this.#refresh(signal),
      pauseMs: (tookMs) => Math.max(listing.intervalMs, tookMs * PAUSE_PER_FETCH),
      onProblem: (text) => {
        this.screen.dispatch({ type: "told", notice: { text, isProblem: true } });
      },
    });
  }

  start(stagehand: Stagehand): void {
    this.#stagehand = stagehand;
    this.#unsubscribe = this.screen.subscribe(() => {
      this.#askWhatIsNew();
    });
    void this.#watch.run();
  }

  stop(): void {
    this.#unsubscribe();
    this.#watch.stop();
  }

  resumed(notice: Notice | undefined): void {
    if (notice !== undefined) this.screen.dispatch({ type: "told", notice });
    this.#watch.resume();
  }

  farewell(): undefined {
    return undefined;
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.screen.dispatch({ type: "refreshing" });
    try {
      const names: string[] = [];
      for await (const page of this.#listing.directory.names({ prefix: this.#listing.prefix, signal })) {
        for (const name of page) names.push(name);
      }
      await this.#asking;
      this.#asked.clear();
      this.screen.dispatch({ type: "listed", names, atMs: now() });
      await this.#askNow(pathsOnScreen(this.screen.getState()));
    } catch (error) {
      if (!signal.aborted) this.screen.dispatch({ type: "failed", problem: reasonOf(error) });
    }
  }

  /** What has just come onto the screen is asked at once. */
  #askWhatIsNew(): void {
    if (this.#asking !== undefined || this.#watch.isCovered) return;
    const state = this.screen.getState();
    if (state.isRefreshing || state.problem !== undefined) return;
    const unknown = pathsOnScreen(state).filter((path) => !state.known.has(path));
    this.#askNow(unknown).catch((error: unknown) => {
      if (!this.#watch.signal.aborted) this.screen.dispatch({ type: "failed", problem: reasonOf(error) });
    });
  }

  /** Asks streams what they are, unless they were asked since the last refresh. */
  async #askNow(paths: readonly string[]): Promise<void> {
    const left = paths.filter((path) => !this.#asked.has(path));
    if (left.length === 0) return;
    for (const path of left) this.#asked.add(path);
    const asking = this.#ask(left, this.#watch.signal);
    // Whoever waits for this one only has to know that it is over.
    this.#asking = asking.catch(() => undefined);
    try {
      await asking;
    } finally {
      this.#asking = undefined;
    }
  }

  async #ask(left: string[], signal: AbortSignal): Promise<void> {
    const askNext = async (): Promise<void> => {
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        const stream = await this.#streamAt(path, signal);
        if (stream !== undefined) this.screen.dispatch({ type: "asked", stream, atMs: now() });
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askNext));
  }

  /** Of all names that begin with a path the path itself is the first. */
  async #streamAt(path: string, signal: AbortSignal): Promise<ListedStream | undefined> {
    for await (const [stream] of this.#listing.directory.streams({ prefix: path, limit: 1, signal })) {
      if (stream?.path === path) return stream;
    }
    return undefined;
  }

  #carryOut(effect: ListEffect): void {
    switch (effect.type) {
      case "leave":
        this.#stagehand?.leave(effect.interrupted);
        return;
      case "refresh":
        this.#watch.wake();
        return;
      case "open":
        void this.#watch.open(this.#stagehand, async (signal) => {
          return new LiveScene(await this.#listing.sourcesOf(effect.path, signal), true);
        });
        return;
      case "inspect":
        void this.#watch.open(this.#stagehand, async (signal) => {
          return new InspectScene(await this.#listing.inspectionOf(effect.path, signal), true);
        });
    }
  }
}

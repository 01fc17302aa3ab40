import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import type { Segment } from "../../protocol/segment/segment.ts";
import { now } from "../../screen/now.ts";
import type { Notice, Scene, Stagehand } from "../../screen/scene.ts";
import { Store } from "../../screen/store.ts";
import type { ViewSource } from "../../tail/io/source.ts";
import { LiveScene } from "../../tail/live-scene.ts";
import { StillScene } from "../../tail/still-scene.ts";
import { segmentContent } from "../segment-content.ts";
import { reasonOf, Watch } from "../watch.ts";
import { reduceInspection, type InspectEffect, type InspectEvent } from "./reduce.ts";
import { pageWith } from "./row-loader.ts";
import { inspectScreen } from "./screen.ts";
import { initialInspection, missingNumber, type InspectState } from "./state.ts";

/** The server is asked for the map so often. */
const REFRESH_MS = 2_000;

/** A segment that was fetched and checked: what is wrong with it, a sentence each, and what it holds where it can be read. */
interface CheckedSegment {
  readonly findings: readonly string[];
  readonly segment: Segment | undefined;
}

/** A stream to look into, and the ways to do so. */
export interface Inspection {
  readonly operator: Pick<OperatorClient, "map" | "segmentPage" | "segmentAt">;
  /** As the command line named it. */
  readonly name: string;
  readonly url: string;
  readonly map: StreamMap;
  readonly fetchChecked: (row: SegmentRow, map: StreamMap, signal: AbortSignal) => Promise<CheckedSegment>;
  /** The stream from an offset on, live. */
  readonly sourcesFrom: (offset: string, signal: AbortSignal) => Promise<readonly ViewSource[]>;
}

/** How a stream is kept: its segments and its hot log, asked for again and again. */
export class InspectScene implements Scene {
  readonly screen: Store<InspectState, InspectEvent, InspectEffect>;
  readonly #inspection: Inspection;
  readonly #watch: Watch;
  #stagehand: Stagehand | undefined;
  #isLoading = false;
  /** A row that could not be fetched is not asked for again until the next refresh. */
  #unfound: number | undefined;
  #unsubscribe: () => void = () => undefined;

  /** @param isNested Whether there is another scene to go back to. */
  constructor(inspection: Inspection, isNested = false) {
    this.#inspection = inspection;
    const { name, url, map } = inspection;
    this.screen = new Store<InspectState, InspectEvent, InspectEffect>(
      {
        initial: initialInspection(name, url, map, isNested),
        reduce: reduceInspection,
        rows: inspectScreen,
        isTyping: ({ prompt }) => prompt !== undefined,
      },
      (effect) => {
        this.#carryOut(effect);
      },
    );
    this.#watch = new Watch({
      refresh: (signal) => this.#refresh(signal),
      pauseMs: () => REFRESH_MS,
      onProblem: (text) => {
        this.#tell(text);
      },
    });
  }

  start(stagehand: Stagehand): void {
    this.#stagehand = stagehand;
    this.#unsubscribe = this.screen.subscribe(() => {
      void this.#loadMissing();
    });
    void this.#loadMissing();
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
    try {
      const map = await this.#inspection.operator.map(this.#inspection.url, signal);
      this.#unfound = undefined;
      this.screen.dispatch({ type: "mapped", map, atMs: now() });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#watch.signal.aborted) this.screen.dispatch({ type: "failed", problem: reasonOf(error) });
  }

  #tell(text: string): void {
    this.screen.dispatch({ type: "told", notice: { text, isProblem: true } });
  }

  /** Fetches rows until those on the screen are there. */
  async #loadMissing(): Promise<void> {
    if (this.#isLoading || this.#watch.isCovered) return;
    this.#isLoading = true;
    const { operator, url } = this.#inspection;
    const { signal } = this.#watch;
    try {
      for (;;) {
        const state = this.screen.getState();
        const number = missingNumber(state);
        if (signal.aborted || number === undefined || number === this.#unfound) return;
        const page = await pageWith(operator, url, state.map, number, signal);
        if (page === undefined) this.#unfound = number;
        else this.screen.dispatch({ type: "rows", incarnation: page.incarnation, rows: page.segments });
      }
    } catch (error) {
      this.#unfound = missingNumber(this.screen.getState());
      this.#fail(error);
    } finally {
      this.#isLoading = false;
    }
  }

  #carryOut(effect: InspectEffect): void {
    switch (effect.type) {
      case "leave":
        this.#stagehand?.leave(effect.interrupted);
        return;
      case "back":
        this.#stagehand?.back();
        return;
      case "refresh":
        this.#watch.wake();
        return;
      case "open":
        void this.#watch.open(this.#stagehand, (signal) => this.#segmentScene(effect.row, signal));
        return;
      case "open-hot":
        void this.#watch.open(this.#stagehand, async (signal) => {
          const { start } = this.screen.getState().map.hot;
          return new LiveScene(await this.#inspection.sourcesFrom(start, signal), true);
        });
        return;
      case "check":
        this.#check(effect.row, this.#watch.signal).catch((error: unknown) => {
          this.#tell(reasonOf(error));
        });
        return;
      case "find":
        void this.#find(effect.offset);
    }
  }

  async #find(offset: string): Promise<void> {
    const { operator, url } = this.#inspection;
    try {
      const row = await operator.segmentAt(url, offset, this.#watch.signal);
      if (row === undefined) this.#tell(`No segment holds the offset ${offset}.`);
      else this.screen.dispatch({ type: "found", number: row.number });
    } catch (error) {
      this.#tell(reasonOf(error));
    }
  }

  /** Fetches and checks a segment, and shows what that came to. */
  async #check(row: SegmentRow, signal: AbortSignal): Promise<CheckedSegment> {
    const { map } = this.screen.getState();
    const about = { type: "checked", incarnation: map.incarnation, number: row.number } as const;
    this.screen.dispatch({ ...about, check: { state: "checking" } });
    try {
      const checked = await this.#inspection.fetchChecked(row, map, signal);
      const { findings } = checked;
      const isIntact = findings.length === 0;
      this.screen.dispatch({ ...about, check: isIntact ? { state: "intact" } : { state: "damaged", findings } });
      return checked;
    } catch (error) {
      this.screen.dispatch({ ...about, check: undefined });
      throw error;
    }
  }

  async #segmentScene(row: SegmentRow, signal: AbortSignal): Promise<Scene> {
    const { segment, findings } = await this.#check(row, signal);
    if (segment === undefined) throw new Error(findings.join(" "));
    return new StillScene(segmentContent(segment, `${this.#inspection.name} segment ${String(row.number)}`), true);
  }
}

import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import type { Segment } from "../../protocol/segment/segment.ts";
import { now } from "../../screen/now.ts";
import type { Scene } from "../../screen/scene.ts";
import type { ViewSource } from "../../tail/io/source.ts";
import { LiveScene } from "../../tail/live-scene.ts";
import { StillScene } from "../../tail/still-scene.ts";
import { segmentContent } from "../segment-content.ts";
import { WatchedScene } from "../watched-scene.ts";
import { reduceInspection, type InspectEvent, type OwnEffect } from "./reduce.ts";
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
export class InspectScene extends WatchedScene<InspectState, InspectEvent, OwnEffect> {
  readonly #inspection: Inspection;
  #isLoading = false;
  /** A row that could not be fetched is not asked for again until the next refresh. */
  #unfound: number | undefined;

  /** @param isNested Whether there is another scene to go back to. */
  constructor(inspection: Inspection, isNested = false) {
    const { name, url, map } = inspection;
    super({ initial: initialInspection(name, url, map, isNested), reduce: reduceInspection, rows: inspectScreen });
    this.#inspection = inspection;
  }

  protected override async refresh(): Promise<void> {
    const { operator, url } = this.#inspection;
    const map = await operator.map(url, this.signal);
    this.#unfound = undefined;
    this.screen.dispatch({ type: "mapped", map, atMs: now() });
  }

  protected override pauseMs(): number {
    return REFRESH_MS;
  }

  protected override fetchShown(): void {
    void this.#loadMissing();
  }

  protected override act(effect: OwnEffect): void {
    switch (effect.type) {
      case "open":
        void this.open(() => this.#segmentScene(effect.row));
        return;
      case "open-hot":
        void this.open(async () => {
          const { start } = this.screen.getState().map.hot;
          return new LiveScene(await this.#inspection.sourcesFrom(start, this.signal), true);
        });
        return;
      case "check":
        this.#check(effect.row).catch(this.tell.bind(this));
        return;
      case "find":
        this.#find(effect.offset).catch(this.tell.bind(this));
    }
  }

  /** Fetches rows until those on the screen are there. */
  async #loadMissing(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const { operator, url } = this.#inspection;
    const { signal } = this;
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
      this.fail(error);
    } finally {
      this.#isLoading = false;
    }
  }

  async #find(offset: string): Promise<void> {
    const { operator, url } = this.#inspection;
    const row = await operator.segmentAt(url, offset, this.signal);
    if (row === undefined) this.tell(`No segment holds the offset ${offset}.`);
    else this.screen.dispatch({ type: "found", number: row.number });
  }

  /** Fetches and checks a segment, and shows what that came to. */
  async #check(row: SegmentRow): Promise<CheckedSegment> {
    const { map } = this.screen.getState();
    const about = { type: "checked", incarnation: map.incarnation, number: row.number } as const;
    this.screen.dispatch({ ...about, check: { state: "checking" } });
    try {
      const checked = await this.#inspection.fetchChecked(row, map, this.signal);
      const { findings } = checked;
      const isIntact = findings.length === 0;
      this.screen.dispatch({ ...about, check: isIntact ? { state: "intact" } : { state: "damaged", findings } });
      return checked;
    } catch (error) {
      this.screen.dispatch({ ...about, check: undefined });
      throw error;
    }
  }

  async #segmentScene(row: SegmentRow): Promise<Scene> {
    const { segment, findings } = await this.#check(row);
    if (segment === undefined) throw new Error(findings.join(" "));
    return new StillScene(segmentContent(segment, `${this.#inspection.name} segment ${String(row.number)}`), true);
  }
}

// The map of a stream, driven by events as the program drives it.
import { reduceInspection, type InspectEffect, type InspectEvent } from "../../../src/browse/inspect/reduce.ts";
import { inspectScreen } from "../../../src/browse/inspect/screen.ts";
import { initialInspection, type InspectState } from "../../../src/browse/inspect/state.ts";
import type { SegmentRow, StreamMap } from "../../../src/client/operator-types.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";
import { Driven } from "../../screen/support/driven.ts";

export const INCARNATION = "11111111-2222-4333-8444-555555555555";

/** Segments of so many messages each, one after the other. */
export function rowsOf(sizes: readonly number[], start = 0): SegmentRow[] {
  let at = start;
  return sizes.map((messages, number) => {
    const row: SegmentRow = {
      number,
      start: formatOffset(at),
      end: formatOffset(at + messages),
      messages,
      bytes: 10 * messages,
      objectBytes: 10 * messages + 100,
      key: `segments/default/s/${INCARNATION}/object-${String(number)}.seg`,
      state: "sealed",
      appendedAtMs: Date.UTC(2026, 0, 1),
      sealedAtMs: Date.UTC(2026, 0, 1, 0, 1),
      attempts: 1,
    };
    at += messages;
    return row;
  });
}

export function mapOf(rows: readonly SegmentRow[], changes: Partial<StreamMap> = {}): StreamMap {
  const messages = rows.reduce((sum, row) => sum + row.messages, 0);
  const start = rows.at(-1)?.end ?? formatOffset(0);
  const position = Number(start.slice(17));
  return {
    stream: "default/s",
    incarnation: INCARNATION,
    contentType: "application/json",
    public: false,
    closed: false,
    createdAtMs: Date.UTC(2026, 0, 1),
    expiry: { kind: "none" },
    tail: formatOffset(position + 3),
    messages: messages + 3,
    bytes: 1_000,
    hot: { start, messages: 3, bytes: 21, rows: 2 },
    segments: { count: rows.length, messages, bytes: 10 * messages },
    sealing: { state: "idle", failures: 0, maxMessages: 20, maxBytes: 4_000_000 },
    purges: [],
    readers: 1,
    producers: { count: 0, list: [] },
    ...changes,
  };
}

/** A fork of another stream: what it inherits ends at a position. */
export function forkOf(until: number): StreamMap["fork"] {
  const inherited = [{ stream: "default/source", incarnation: INCARNATION, until: formatOffset(until) }];
  return { source: "default/source", offset: formatOffset(until), subOffset: 0, start: formatOffset(until), inherited };
}

export class InspectView extends Driven<InspectState, InspectEvent, InspectEffect> {
  constructor(map: StreamMap, columns = 80, rows = 24, isNested = false) {
    const initial = initialInspection("s", "http://127.0.0.1/v1/stream/s", map, isNested);
    super({ initial, reduce: reduceInspection, rows: inspectScreen }, Date.UTC(2026, 0, 2));
    this.send({ type: "resized", columns, rows }).after(0);
  }

  /** A stream whose rows are all there. */
  static of(sizes: readonly number[], columns = 80, rows = 24): InspectView {
    const all = rowsOf(sizes);
    return new InspectView(mapOf(all), columns, rows).load(all);
  }

  load(rows: readonly SegmentRow[]): this {
    return this.send({ type: "rows", incarnation: this.state.map.incarnation, rows });
  }

  map(map: StreamMap): this {
    return this.send({ type: "mapped", map, atMs: this.atMs });
  }

  /** The row of the list that is chosen. */
  get chosen(): string | undefined {
    return this.screen.find((row) => row.startsWith("> "));
  }
}

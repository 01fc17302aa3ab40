import { describe, expect, it } from "vitest";
import { InspectScene } from "../../src/browse/inspect/inspect-scene.ts";
import type { SegmentRow } from "../../src/client/operator-types.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { encodeSegment, readSegment } from "../../src/protocol/segment/segment.ts";
import { showScene } from "../screen/support/shown.tsx";
import { INCARNATION, mapOf, rowsOf } from "./support/inspect-view.ts";

/** The segment of a row, with a number in each message. */
async function segmentOf(row: SegmentRow) {
  const start = Number(row.start.slice(17));
  const messages = Array.from({ length: row.messages }, (_, i) => `{"n":${String(start + i)}}`);
  const { object } = await encodeSegment({
    stream: "default/s",
    incarnation: INCARNATION,
    contentType: "application/json",
    start,
    runs: [
      {
        payload: Buffer.from(messages.join(",")),
        sizes: messages.map((message) => message.length),
        appendedAtMs: Date.UTC(2026, 0, 1),
      },
    ],
  });
  const reading = await readSegment(object);
  return reading.kind === "segment" ? reading.segment : undefined;
}

function show(sizes: readonly number[], damaged: readonly number[] = []) {
  const rows = rowsOf(sizes);
  const asked: string[] = [];
  const world = { problem: undefined as Error | undefined };
  const scene = new InspectScene({
    name: "s",
    url: "http://127.0.0.1/v1/stream/s",
    map: mapOf(rows),
    operator: {
      async map() {
        if (world.problem !== undefined) throw world.problem;
        return mapOf(rows);
      },
      async segmentPage(_stream, { from = "", limit = 1_000 } = {}) {
        asked.push(from);
        const first = rows.findIndex(({ end }) => end > from);
        return { incarnation: INCARNATION, segments: rows.slice(first, first + limit), next: null };
      },
      segmentAt: async (_stream, offset) => rows.find(({ end }) => end > offset),
    },
    async fetchChecked(row) {
      if (damaged.includes(row.number)) return { findings: ["It is damaged."], segment: undefined };
      return { findings: [], segment: await segmentOf(row) };
    },
    sourcesFrom: (offset) => Promise.reject(new Error(`no stream from ${offset}`)),
  });
  return { world, asked, ...showScene(scene, 24) };
}

describe("the map of a stream on a screen", () => {
  it("fetches the rows that are looked at, wherever that is", async () => {
    const { shows, press, asked } = show(Array.from({ length: 50_000 }, () => 20));
    await shows(/ 49999 +999980 +1000000 +20 /);
    press("g");
    await shows(/> 0 +0 +20 +20 /);
    press("o");
    await shows("segment or offset: ");
    press("25000\r");
    await shows(/> 25000 +500000 +500020 +20 /);
    press("o");
    await shows("segment or offset: ");
    press(`${formatOffset(123_456)}\r`);
    await shows(/> 6172 +123440 +123460 +20 /);
    expect(asked.length).toBeLessThan(12);
  });

  it("Enter checks a segment and shows its messages; Escape leads back, where it is known to be intact", async () => {
    const { stage, shows, press } = show([3, 3]);
    await shows(/ 1 +3 +6 +3 /);
    press("\u001b[D");
    await shows(/> 1 /);
    press("\r");
    await shows(/> \{"n":3\}\n {2}\{"n":4\}\n {2}\{"n":5\}\n {2}the segment ends here/);
    press("\u001b");
    await shows(/> 1 .*intact/);
    press("\u001b");
    await stage.end;
  });

  it("a damaged segment is marked, told and not opened", async () => {
    const { shows, press, frame } = show([3, 3], [1]);
    await shows(/ 1 +3 +6 +3 /);
    press("\u001b[D");
    await shows(/> 1 /);
    press("\r");
    await shows(/It is damaged\.$/);
    expect(frame()).toContain("╳");
    expect(frame()).toMatch(/> 1 .*damaged/);
  });

  it("a stream that has gone is told, and what is known stays on the screen", async () => {
    const { world, shows, press } = show([3]);
    await shows(/ 0 +0 +3 +3 /);
    world.problem = new Error("There is no such stream.");
    press("r");
    await shows("There is no such stream.");
    await shows(/ 0 +0 +3 +3 /);
    press("\r");
    await shows(`no stream from ${formatOffset(3)}`);
  });
});

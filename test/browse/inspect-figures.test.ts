import { expect, it } from "vitest";
import { SegmentTable } from "../../src/cli/inspect/segment-table.ts";
import { streamTable } from "../../src/cli/inspect/stream-table.ts";
import { InspectView, mapOf, rowsOf } from "./support/inspect-view.ts";

const NOW_MS = Date.UTC(2026, 0, 2);
const MAX_MESSAGES = 1_048_576;

/** What a line of plain `inspect` says of messages and bytes. */
function extentIn(plain: string, name: string): string {
  const line = plain.split("\n").find((each) => each.startsWith(name));
  const [extent] = /[\d,]+ messages?, [\d.]+ k?[BMG]+/.exec(line ?? "") ?? [];
  if (extent === undefined) throw new Error(`no extent in ${String(line)}`);
  return extent;
}

it.each([
  [1, 1],
  [999, 999],
  [1_000, 1_000],
  [9_950, 99_950],
  [12_345, 999_500],
  [MAX_MESSAGES, 4_194_304],
  [MAX_MESSAGES, 5_000_000_000],
])("inspect and its view write %i messages and %i bytes alike", (messages, bytes) => {
  const ageMs = 7 * messages;
  const [first] = rowsOf([messages]);
  if (first === undefined) throw new Error("there is a row");
  const row = { ...first, bytes, appendedAtMs: NOW_MS - ageMs };
  const extent = { messages, bytes };
  const sealing = { state: "idle", failures: 0, maxMessages: messages, maxBytes: bytes };
  const map = mapOf([row], {
    hot: { start: row.end, rows: messages, ...extent },
    segments: { count: 1, ...extent },
    readers: messages,
    createdAtMs: NOW_MS - ageMs,
    sealing,
    ...extent,
  });
  const plain = streamTable("http://127.0.0.1/v1/stream/s", map, undefined, NOW_MS);
  const view = new InspectView(map, 170).load([row]);
  const screen = view.screen.join("\n");

  expect(screen).toContain(`█ 1 segment: ${extentIn(plain, "segments")}  ░ hot log`);
  expect(screen).toContain(`░ hot log: ${extentIn(plain, "hot log")}\n`);
  expect(view.screen.at(-2)).toContain(`  ${extentIn(plain, "holds")}`);
  for (const [said, shown] of [
    [/seals (at .* or .*)$/m, /idle, (at .* or [^;]*); /],
    [/, ([\d,]+ rows?), from/, /; ([\d,]+ rows?)$/m],
    [/^readers +(.*)$/m, /^readers +(.*)$/m],
    [/\((.*) ago\)/, /created (.*) ago/],
  ] as const) {
    expect(said.exec(plain)?.[1]).toBeDefined();
    expect(shown.exec(screen)?.[1]).toBe(said.exec(plain)?.[1]);
  }

  const cells = / (\d+ +[\d.]+ k?[BMG]+ +\d+ [a-z]+) /;
  const line = cells.exec(new SegmentTable(undefined).row(row, "", NOW_MS))?.[1]?.replaceAll(/ +/g, " ");
  expect(line).toMatch(new RegExp(`^${messages} `));
  expect(cells.exec(view.press("left").chosen ?? "")?.[1]?.replaceAll(/ +/g, " ")).toBe(line);
});

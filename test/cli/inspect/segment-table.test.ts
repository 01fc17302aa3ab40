import { describe, expect, it } from "vitest";
import type { SegmentRow } from "../../../src/client/operator-types.ts";
import { SegmentTable } from "../../../src/cli/inspect/segment-table.ts";
import { formatOffset } from "../../../src/protocol/offset.ts";

const ROW: SegmentRow = {
  number: 3,
  start: formatOffset(0),
  end: formatOffset(120_300),
  messages: 1000,
  bytes: 4_194_304,
  objectBytes: 1,
  key: "segments/default/s/i/0000.seg",
  state: "sealed",
  appendedAtMs: 0,
  sealedAtMs: 1,
  attempts: 1,
};

describe("the table of segments", () => {
  it.each([undefined, 200])("in a pipe, or on a wide terminal, it is whole: %s columns", (columns) => {
    const table = new SegmentTable(columns);
    expect(table.heading).toMatch(/^SEGMENT {2}START +END +MESSAGES +BYTES +AGE {2}STATE {4}OBJECT\n$/);
    expect(table.row(ROW, "segments/default/s/i/", 60_000)).toBe(
      `      3  ${ROW.start}  ${ROW.end}      1000   4.19 MB   1 min  sealed   0000.seg\n`,
    );
  });

  it("on a narrow terminal it has positions, and fits on 80 columns", () => {
    const table = new SegmentTable(80);
    expect(table.heading).toBe("SEGMENT       START         END  MESSAGES     BYTES     AGE  STATE\n");
    expect(table.row(ROW, "", 60_000)).toBe("      3           0      120300      1000   4.19 MB   1 min  sealed\n");
  });

  it("a key cannot forge a line", () => {
    const line = new SegmentTable(undefined).row({ ...ROW, key: "a\n4\u001b[1m" }, "", 0);
    expect(line.split("\n")).toHaveLength(2);
    expect(line).toContain("a␊4␛[1m\n");
  });
});

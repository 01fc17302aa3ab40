import type { StreamChange } from "./watch-streams.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { streamRow } from "./stream-row.ts";

const WORD_WIDTH = "changed".length;

/** A change as a line: for people the word and the stream's row, with `isJson` an object. */
export function changeLine(change: StreamChange, isJson: boolean): string {
  if (isJson) return `${JSON.stringify(changeObject(change))}\n`;
  const word = change.change.padEnd(WORD_WIDTH);
  return change.change === "removed"
    ? `${word}  ${visibleLine(change.path)}\n`
    : `${word}  ${streamRow(change.stream)}`;
}

function changeObject(change: StreamChange): object {
  switch (change.change) {
    case "added":
      return { change: change.change, ...change.stream };
    case "changed":
      return { change: change.change, ...change.stream, previousOffset: change.before.nextOffset };
    case "removed":
      return { change: change.change, path: change.path };
  }
}

import { visibleLine } from "../../client/visible-text.ts";
import type { Versions } from "./rollback.ts";

const NUMBER_WIDTH = 5;
const LIVE_WIDTH = 5;
const TIME_WIDTH = 25;

/** The versions for people, one on each line. */
export function versionsTable({ versions }: Versions): string {
  return versions
    .map(({ id, number, createdOn = "", message, livePercentage }) => {
      const live = livePercentage === 0 ? "" : livePercentage === 100 ? "live" : `${String(livePercentage)}%`;
      const start = `${String(number ?? "").padStart(NUMBER_WIDTH)}  ${live.padEnd(LIVE_WIDTH)}`;
      return `${start} ${createdOn.slice(0, TIME_WIDTH).padEnd(TIME_WIDTH)} ${visibleLine(id)}  ${visibleLine(message ?? "(no message: a secret or setting changed)")}\n`;
    })
    .join("");
}

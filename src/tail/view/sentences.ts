/** The sentences of the live view that are not on its screen. */
import { visibleLine } from "../../client/visible-text.ts";
import type { ViewState } from "../model/state.ts";
import { counted } from "../../client/figures.ts";
import { cutLeft } from "../../screen/text/width.ts";

/** Our own offsets without their leading group, which is always zero. */
const OFFSET_USUAL_COLUMNS = 18;

/** What moves in an offset is its right end: it is shortened from the left, first by zeros. */
export function shortOffset(offset: string, columns: number): string {
  if (offset.length <= columns) return offset;
  const withoutZeros = offset.replace(/^0+_/, "…_");
  if (withoutZeros.length <= columns) return withoutZeros;
  return cutLeft(offset, columns);
}

/** Said on the screen that stays once the view is gone: how a later run goes on where this one stood. */
export function farewell({ streams }: ViewState): string {
  return streams
    .map(({ name, offset, total, closed }) => {
      const who = streams.length === 1 ? "" : `${visibleLine(name)}: `;
      const seen = `${counted(total, "message")} seen.`;
      if (offset === undefined) return `${who}Left before the stream's first answer; ${seen}`;
      const full = visibleLine(offset);
      const where = `${who}Left at offset ${shortOffset(full, OFFSET_USUAL_COLUMNS)}; ${seen}`;
      return closed ? `${where} The stream is closed.` : `${where} Go on with: --offset ${full}`;
    })
    .join("\n");
}

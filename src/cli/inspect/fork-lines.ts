import type { StreamMap } from "../../client/operator-types.ts";
import { grouped } from "../../client/figures.ts";
import type { Lines } from "../table.ts";

/** More than these are counted and not named. */
const SHOWN = 10;

/** The first few, and how many more there are. */
function someOf(texts: readonly string[], count: number): readonly string[] {
  const shown = texts.slice(0, SHOWN);
  return count > shown.length ? [...shown, `… ${grouped(count - shown.length)} more`] : shown;
}

/** Where a stream was forked from, and at which of that stream's offsets. */
function originText({ fork }: StreamMap): string | undefined {
  if (fork === undefined) return undefined;
  const more = fork.subOffset === 0 ? "" : ` and ${grouped(fork.subOffset)} more`;
  return `${fork.source} at ${fork.offset}${more}`;
}

/** A stream's place among its forks, in short. */
export function forkSummary(map: StreamMap): Lines {
  const { count, list } = map.forks ?? { count: 0, list: [] };
  const names = someOf(
    list.map(({ fork }) => fork),
    count,
  );
  return [
    ["forked from", originText(map)],
    ["forks", count === 0 ? undefined : `${grouped(count)}: ${names.join(", ")}`],
  ];
}

/** The same at length, with the streams that hold what it inherits. */
export function forkLines(map: StreamMap): Lines {
  const { fork, forks } = map;
  const inherited = fork?.inherited.map(({ stream, until }) => `up to ${until} from ${stream}`) ?? [];
  const names = forks?.list.map(({ fork: name }) => name) ?? [];
  return [
    ["forked from", originText(map)],
    ...someOf(inherited, inherited.length).map((text, i) => [i === 0 ? "inherits" : "", text] as const),
    ["forks", forks === undefined || forks.count === 0 ? undefined : grouped(forks.count)],
    ...someOf(names, forks?.count ?? 0).map((name) => ["", name] as const),
  ];
}

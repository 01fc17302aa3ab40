import type { ListedStream } from "../../client/directory.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { parseOffset } from "../../protocol/offset.ts";
import type { Typed } from "../../screen/scene.ts";
import { INITIAL_BROWSING, type Browsing } from "../browsing.ts";

/** What is known of a stream, from the last time it was asked. */
export interface Known {
  readonly stream: ListedStream;
  readonly atMs: number;
  /** Messages of a JSON stream, bytes of any other, since it was asked the time before; nothing after the first time. */
  readonly perSecond: number | undefined;
}

/** The line that is being typed, and what Escape goes back to. */
interface FilterPrompt extends Typed {
  readonly before: string;
}

export interface ListState extends Browsing {
  /** The URL below which the streams are, and what their names begin with. */
  readonly root: string;
  readonly prefix: string;
  /** All names, in the server's order; nothing before its first answer. */
  readonly names: readonly string[] | undefined;
  /** Those of them that pass the filter. */
  readonly shown: readonly string[];
  readonly known: ReadonlyMap<string, Known>;
  readonly filter: string;
  readonly prompt: FilterPrompt | undefined;
  readonly refreshedAtMs: number | undefined;
  readonly isRefreshing: boolean;
}

export function initialList(root: string, prefix: string): ListState {
  return {
    ...INITIAL_BROWSING,
    root,
    prefix,
    names: undefined,
    shown: [],
    known: new Map(),
    filter: "",
    refreshedAtMs: undefined,
    isRefreshing: false,
  };
}

/** Rows for streams: all but the title, the heading, what is known of the chosen one, the status, the hints, a problem. */
export function listRoom({ screenRows, problem }: ListState): number {
  return Math.max(1, screenRows - 5 - (problem === undefined ? 0 : 1));
}

export function chosenPath({ shown, choice }: ListState): string | undefined {
  return shown[choice.index];
}

/** The streams on the screen, and no others: only these are asked what they are. */
export function pathsOnScreen(state: ListState): readonly string[] {
  const { shown, choice } = state;
  return shown.slice(choice.top, choice.top + listRoom(state));
}

/** How far a stream has come, in messages or bytes; nothing for offsets that are not our server's. */
export function positionIn({ nextOffset }: ListedStream): number | undefined {
  return parseOffset(nextOffset);
}

export function countsMessages({ contentType }: ListedStream): boolean {
  return contentKind(contentType) === "json";
}

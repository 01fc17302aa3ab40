import { distance } from "fastest-levenshtein";
import type { DirectoryClient } from "../client/directory.ts";
import { LIST_PAGE_MAX } from "../protocol/limits.ts";

/** A failure is about to be told: a server that takes longer to list its streams is not waited for. */
const ANSWER_WITHIN_MS = 1_000;

/** More changes than this, and a suggestion would be a guess. */
const MOST_CHANGES = 3;

/** What is around a stream that is not there, on a server that lists its streams. */
export interface Around {
  /** The name that was probably meant. */
  readonly near: string | undefined;
}

/**
 * Looks for the stream that was probably meant by a name, among a page of those that begin with the same letter. One
 * request; `undefined` when it fails, whyever: other servers list nothing, and a token may not open the list.
 */
export async function lookAround(directory: DirectoryClient, name: string): Promise<Around | undefined> {
  const [letter] = name;
  const pages = directory.names({
    prefix: letter,
    limit: LIST_PAGE_MAX,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  try {
    const page = await pages.next();
    return { near: nearestOf(page.done === true ? [] : page.value, name) };
  } catch {
    return undefined;
  }
}

function nearestOf(names: readonly string[], asked: string): string | undefined {
  const most = Math.min(MOST_CHANGES, Math.ceil(asked.length / 3));
  const [guess] = names
    .filter((name) => Math.abs(name.length - asked.length) <= most && name !== asked)
    .map((name) => ({ name, changes: distance(asked, name) }))
    .sort((left, right) => left.changes - right.changes);
  return guess !== undefined && guess.changes <= most ? guess.name : undefined;
}

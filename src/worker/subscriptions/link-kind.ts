import type { LinkType } from "./operations.ts";

/** Flags of a link: why it is there. */
export const GLOB = 1;
export const EXPLICIT = 2;

/** That the directory, or the stream, has not been told of an explicit link yet. */
export const JOINING = 4;

/** `explicit` comes first (section 6.1). */
export function linkType(kind: number): LinkType {
  return (kind & EXPLICIT) === 0 ? "glob" : "explicit";
}

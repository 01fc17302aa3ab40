// Values of flags that go to a server as they are: what no server could take is refused before one is asked.
import { isContentType } from "../protocol/content-type.ts";
import { isPlainHeaderValue } from "../protocol/headers.ts";
import { FIRST_OFFSET } from "../protocol/offset.ts";
import { type CommandFailure, usageFailure } from "./command-failure.ts";

/** What no server may put into an offset, because it means something in a URL (section 8). */
const NEVER_IN_OFFSETS = /[,&=?/]/;

/** Refuses what is no offset of any server; the rest only the server can tell, to which offsets alone mean something. */
export function requireOffsetText(text: string, flag: string): void {
  if (text !== "" && !NEVER_IN_OFFSETS.test(text)) return;
  throw noOffset(text, flag, `A durable-streams server's first one is ${FIRST_OFFSET}.`);
}

export function noOffset(text: string, flag: string, hint: string): CommandFailure {
  return usageFailure(`${flag} ${JSON.stringify(text)} is not an offset.`, hint);
}

/** Refuses what a header cannot carry in one way only. */
export function requireHeaderText(text: string, flag: string): void {
  if (text !== "" && isPlainHeaderValue(text)) return;
  throw usageFailure(
    `${flag} ${JSON.stringify(text)} is ${text === "" ? "empty" : "not made of ASCII's letters, digits and signs"}.`,
    `Write it like ${flag} shop-1, or leave it out.`,
  );
}

export function requireContentType(text: string): void {
  if (isContentType(text)) return;
  throw usageFailure(
    `--content-type ${JSON.stringify(text)} is not a content type.`,
    "Write it like application/json.",
  );
}

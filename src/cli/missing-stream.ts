import type { ClientError } from "../client/errors/client-error.ts";
import { shortened } from "../client/shortened.ts";
import { visibleText } from "../client/visible-text.ts";
import type { Wish } from "./config/directory-file.ts";
import type { Around } from "./near-stream.ts";
import type { ErrorReport } from "./report.ts";
import { EXIT } from "./exit-codes.ts";
import { quoteForShell } from "./shell-quote.ts";
import { isUrl } from "./server-address.ts";

/** A stream as the command line named it. */
export interface NamedStream {
  /** The argument: a name, or a whole URL. */
  readonly name: string;
  readonly server: string;
  readonly project: string | undefined;
  /** What the command line itself says of the place. */
  readonly flags: Wish;
}

/** Flags that lead a second command to the same place; what anything else said of it holds for that one too. */
function samePlace({ name, flags }: NamedStream): string {
  if (isUrl(name)) return "";
  const words = { "--url": flags.url, "--context": flags.context, "--project": flags.project };
  return Object.entries(words)
    .map(([flag, value]) => (value === undefined ? "" : ` ${flag} ${quoteForShell(value)}`))
    .join("");
}

/** Where a stream is, or is not, to follow "the stream". */
function placeOf({ name, server, project }: NamedStream): string {
  if (isUrl(name)) return `at ${shortened(name)}`;
  const inProject = project === undefined ? "" : ` in the project ${JSON.stringify(project)}`;
  return `${JSON.stringify(shortened(name))}${inProject} at ${server}`;
}

/** The command that a stream was missing for. */
interface Asking {
  readonly bin: string;
  /** As oclif keeps it: `inspect:cat`. */
  readonly id: string;
  /** What the server lists; `undefined` where it lists nothing, or was not asked. */
  readonly around: Around | undefined;
}

/** Commands that make something of an empty stream. */
const WRITES: ReadonlySet<string> = new Set(["append", "close"]);
/** Commands that an empty stream would at least not refuse. */
const READS: ReadonlySet<string> = new Set(["describe", "read", "tail"]);

/** A pattern is no mistyped name: nothing is like it. */
export function isPattern(name: string): boolean {
  return !isUrl(name) && name.includes("*");
}

/** A stream that is not there, in the words of the command line: what a server says of it is about HTTP. */
export function missingStreamReport(error: ClientError, stream: NamedStream, asking: Asking): ErrorReport {
  return {
    code: error.code,
    message: visibleText(`There is no stream ${placeOf(stream)}.`),
    hint: isPattern(stream.name) ? patternHint(stream, asking) : missingHint(error, stream, asking),
    exitCode: EXIT.notFound,
    unexpected: false,
  };
}

function patternHint(stream: NamedStream, { bin, id }: Asking): string {
  const prefix = stream.name.slice(0, stream.name.indexOf("*"));
  const list = `${bin} list${prefix === "" ? "" : ` ${quoteForShell(prefix)}`}${samePlace(stream)}`;
  return visibleText(
    `${id.replaceAll(":", " ")} takes a stream's name, and ${JSON.stringify(shortened(stream.name))} is a pattern. Those there are: ${list}`,
  );
}

function missingHint(error: ClientError, stream: NamedStream, { bin, id, around }: Asking): string | undefined {
  const near = around?.near === undefined ? undefined : `Did you mean ${JSON.stringify(shortened(around.near))}?`;
  const create = `reate it with: ${bin} create ${quoteForShell(stream.name)} --content-type application/json${samePlace(stream)}`;
  // Of the protocol's servers only ours list their streams, and only ours explain themselves.
  const isListed = !isUrl(stream.name) && (around !== undefined || (error.explained && !READS.has(id)));
  if (WRITES.has(id) || (READS.has(id) && !isListed)) {
    return near === undefined ? `C${create}` : visibleText(`${near} Or c${create}`);
  }
  if (!isListed) return undefined;
  const list = `Those there are: ${bin} list${samePlace(stream)}`;
  return near === undefined ? list : visibleText(`${near} ${list}`);
}

/** A stream that was deleted while forks need what it holds. */
export function goneStreamReport(error: ClientError, stream: NamedStream): ErrorReport {
  return {
    code: error.code,
    message: visibleText(`The stream ${placeOf(stream)} was deleted.`),
    hint: "Only its forks still read what it held; its name is free again when they are gone.",
    exitCode: EXIT.notFound,
    unexpected: false,
  };
}

/** History that is not what it was, with the command that says where. */
export function damagedStreamReport(error: ClientError, stream: NamedStream, bin: string): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    hint: `See what is damaged with: ${bin} inspect verify ${quoteForShell(stream.name)}${samePlace(stream)}`,
    exitCode: EXIT.verification,
    unexpected: false,
  };
}

import type { ContentKind } from "../../protocol/content-type.ts";
import { usageFailure } from "../command-failure.ts";

/** How input becomes messages. */
export const INPUT_KINDS = ["raw", "lines", "ndjson", "json"] as const;

export type InputKind = (typeof INPUT_KINDS)[number];

/** Where the input comes from: the command line, a file by its name, or stdin. */
export type InputSource =
  | { readonly from: "argument"; readonly data: string }
  | { readonly from: "file"; readonly file: string }
  | { readonly from: "stdin" };

/**
 * What is meant when `--input` is not given. On a JSON stream an argument or a `.json` file is one JSON text, anything
 * else has one JSON text a line; on a text stream an argument is taken as it is and anything else by whole lines; every
 * other stream takes bytes as they are.
 */
export function defaultInputKind(content: ContentKind, source: InputSource): InputKind {
  if (content === "json") {
    const isOneText = source.from === "argument" || (source.from === "file" && source.file.endsWith(".json"));
    return isOneText ? "json" : "ndjson";
  }
  return content === "text" && source.from !== "argument" ? "lines" : "raw";
}

/** Bytes of unknown meaning cannot become JSON messages. */
export function requireFitting(kind: InputKind, content: ContentKind): void {
  if (kind !== "raw" || content !== "json") return;
  throw usageFailure(
    "--input raw cannot feed a JSON stream: its messages are JSON texts.",
    "Use --input json for one JSON text, ndjson for one a line, or lines to make each line a JSON string.",
  );
}

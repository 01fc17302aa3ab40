import { writeOutput } from "../standard-output.ts";
import { visibleText } from "../../client/visible-text.ts";

/** Where data go. Each write waits until the operating system has taken it. */
export interface DataOutput {
  write(data: Uint8Array | string): Promise<void>;
}

/** Into a pipe or file: the very bytes. */
const plain: DataOutput = { write: writeOutput };

/** Onto a terminal: control characters are shown, not obeyed. Characters cut in two by a piece are put together first. */
function terminal(): DataOutput {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    write(data) {
      const text = typeof data === "string" ? data : decoder.decode(data, { stream: true });
      return writeOutput(visibleText(text));
    },
  };
}

export function openDataOutput(): DataOutput {
  return process.stdout.isTTY ? terminal() : plain;
}

import { isCut, type Message } from "../model/message.ts";
import { humanBytes } from "../../client/figures.ts";

/** Terminals stop reading a clipboard sequence that is longer; xterm's own limit, in bytes of data. */
const COPY_MAX_BYTES = 74_994;

/** What a terminal without a clipboard would print instead of understanding. */
const WITHOUT_CLIPBOARD: ReadonlySet<string | undefined> = new Set(["linux", "dumb", "vt100", undefined]);

export interface Told {
  readonly text: string;
  readonly isProblem: boolean;
}

/**
 * Asks the terminal to take a message into its clipboard (OSC 52). It does not answer, so whether it did is not known.
 * The data go as base64: nothing in them can be taken for an instruction.
 */
export function copyMessage(message: Message, term: string | undefined, write: (sequence: string) => void): Told {
  if (WITHOUT_CLIPBOARD.has(term)) {
    return { text: "This terminal has no clipboard; w saves to a file.", isProblem: true };
  }
  if (isCut(message) || message.bytes.byteLength > COPY_MAX_BYTES) {
    const text = `${humanBytes(message.size)} are too much for a clipboard; w saves to a file.`;
    return { text, isProblem: true };
  }
  write(`\u001b]52;c;${Buffer.from(message.bytes).toString("base64")}\u0007`);
  return { text: `Copied ${humanBytes(message.size)}, if the terminal allows it.`, isProblem: false };
}

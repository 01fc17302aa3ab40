const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;

/**
 * A JSON text on one line. Inside it line breaks can only be white space between tokens, so a blank says the same;
 * nothing else is touched, and a text without line breaks is handed back as it is.
 */
export function onOneLine(message: Uint8Array): Uint8Array {
  if (!message.includes(LF) && !message.includes(CR)) return message;
  return message.map((byte) => (byte === LF || byte === CR ? BLANK : byte));
}

// Everything a terminal could take for an instruction instead of text: C0 controls but tab and line feed, DEL, the C1
// controls, and the marks that turn the direction of writing around.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const CONTROL_PICTURES = 0x2400;
const PICTURE_OF_DELETE = "\u2421";

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
  if (code === 0x7f) return PICTURE_OF_DELETE;
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/**
 * Text from a stream or a server as it may be shown on a terminal: control characters are shown, not obeyed. Stream data
 * are untrusted input (section 12.3), and an escape sequence could hide text, retitle the window or answer for the user.
 */
export function visibleText(text: string): string {
  return text.replace(NOT_TEXT, picture);
}

const LINE_OR_TAB = /[\n\t\u2028\u2029]/g;

/** The same for what has to stay on one line: a line feed in it would let it pass for a line of ours. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(LINE_OR_TAB, picture);
}

const encoder = new TextEncoder();
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_PLAIN = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;

/** Whether a text takes more bytes in UTF-8 than it may. */
export function isTooLong(text: string, maxBytes: number): boolean {
  // Every code unit takes a byte or more: what is much too long is not even encoded.
  return text.length > maxBytes || encoder.encode(text).byteLength > maxBytes;
}

/** Whether a text has no control characters and no halves of characters, which JSON can write and UTF-8 cannot. */
export function isPlainText(text: string): boolean {
  return !NOT_PLAIN.test(text);
}

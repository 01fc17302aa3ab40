const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function isWhitespace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Memory stays bounded even when a server sends an element without end. */
export const ELEMENT_MAX_BYTES = 256 * 1024 * 1024;

export class JsonArrayError extends Error {
  override readonly name = "JsonArrayError";
}

/**
 * Cuts a JSON array that arrives in pieces into its elements, as the very bytes that came: nothing is parsed, so
 * 12345678901234567890 and 1.0 stay what they are (section 9.1.5). It finds where elements end; it does not check that
 * they are valid JSON.
 */
export class JsonArraySplitter {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #ended = false;
  /** What has arrived of the current element in earlier pieces. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Whether an element must follow: after a comma `]` would be an error. */
  #afterComma = false;

  /** Whether the array is complete. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the next piece and returns the elements that it completes. They may share the piece's memory. */
  push(piece: Uint8Array): Uint8Array[] {
    const elements: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at < piece.byteLength; at++) {
      const byte = piece[at] ?? 0;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      if (this.#depth === 0) {
        if (isWhitespace(byte)) continue;
        if (byte !== OPEN_ARRAY || this.#ended) throw new JsonArrayError("it is not one JSON array");
        this.#depth = 1;
        start = at + 1;
        continue;
      }
      if (byte === QUOTE) {
        this.#inString = true;
      } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
        this.#depth++;
      } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        this.#depth--;
        if (this.#depth === 0) {
          this.#finish(piece.subarray(start, at), elements, true);
          this.#ended = true;
        }
      } else if (byte === COMMA && this.#depth === 1) {
        this.#finish(piece.subarray(start, at), elements, false);
        start = at + 1;
      }
    }
    if (this.#depth > 0) this.#hold(piece.subarray(start));
    return elements;
  }

  #finish(last: Uint8Array, elements: Uint8Array[], isEnd: boolean): void {
    const whole = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    const element = trim(whole);
    if (element.byteLength > 0) elements.push(element);
    else if (!isEnd || this.#afterComma) throw new JsonArrayError("it has a comma without a value");
    this.#afterComma = !isEnd;
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes > ELEMENT_MAX_BYTES) {
      throw new JsonArrayError(`one element has more than ${String(ELEMENT_MAX_BYTES)} bytes`);
    }
    this.#held.push(bytes);
  }
}

function trim(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.byteLength;
  while (start < end && isWhitespace(bytes[start] ?? 0)) start++;
  while (end > start && isWhitespace(bytes[end - 1] ?? 0)) end--;
  return bytes.subarray(start, end);
}

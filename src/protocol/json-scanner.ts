/**
 * One pass over the bytes of a JSON text: checks it against RFC 8259 and remembers where the elements of a top-level
 * array lie, so that messages can be kept as the very bytes that came in (section 9.1). Nothing is built from the text:
 * a body costs the memory of its bytes, and nesting costs one bit a level.
 */

/** Start (inclusive) and end (exclusive) of a value within the scanned bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type JsonScan =
  | { readonly kind: "value"; readonly span: Span }
  | { readonly kind: "array"; readonly elements: readonly Span[] }
  | { readonly kind: "too-many"; readonly maxElements: number }
  | { readonly kind: "invalid"; readonly at: number; readonly problem: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_U = 0x75;
const END = -1;

const LITERALS = new Map<number, string>([
  [0x74, "true"],
  [0x66, "false"],
  [0x6e, "null"],
]);

/** What may follow a backslash inside a string, besides `u`: `"` `\` `/` b f n r t. */
const SIMPLE_ESCAPES = new Set([QUOTE, BACKSLASH, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]);

class JsonSyntaxError extends Error {
  readonly at: number;
  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

class TooManyElementsError extends Error {}

/**
 * Checks a JSON text and finds its top-level elements. Byte order marks and trailing text are refused. More than
 * `maxElements` elements end the scan early: remembering where millions lie would take more memory than the body.
 */
export function scanJson(bytes: Uint8Array, maxElements: number): JsonScan {
  try {
    const scanner = new Scanner(bytes, maxElements);
    const scan = scanner.scan();
    if (scanner.hasNonAscii) requireUtf8(bytes);
    return scan;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { kind: "invalid", at: error.at, problem: error.message };
    if (error instanceof TooManyElementsError) return { kind: "too-many", maxElements };
    throw error;
  }
}

const UTF8_CHECK_BYTES = 64 * 1024;

/** Decodes in small pieces and drops them: the check must not double the memory that a large body takes. */
function requireUtf8(bytes: Uint8Array): void {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  try {
    for (; at < bytes.length; at += UTF8_CHECK_BYTES) {
      decoder.decode(bytes.subarray(at, at + UTF8_CHECK_BYTES), { stream: true });
    }
    decoder.decode();
  } catch {
    throw new JsonSyntaxError(Math.min(at, bytes.length), "the text is not valid UTF-8 from about here");
  }
}

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** All bytes of strings, or-ed together: nothing outside of strings may be anything but ASCII. */
  #bits = 0;
  readonly #nesting = new NestingStack();
  readonly #elements: Span[] = [];

  readonly #maxElements: number;

  constructor(bytes: Uint8Array, maxElements: number) {
    this.#bytes = bytes;
    this.#maxElements = maxElements;
  }

  /** Whether a scanned text has characters whose encoding is still to be checked. */
  get hasNonAscii(): boolean {
    return this.#bits >= 0x80;
  }

  scan(): JsonScan {
    this.#skipWhitespace();
    const start = this.#at;
    const isArray = this.#peek() === OPEN_ARRAY;
    this.#value();
    const end = this.#at;
    this.#skipWhitespace();
    if (this.#at < this.#bytes.length) throw this.#unexpected("the end of the text");
    return isArray ? { kind: "array", elements: this.#elements } : { kind: "value", span: { start, end } };
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? END;
  }

  #unexpected(expected: string): JsonSyntaxError {
    const byte = this.#peek();
    const isByteOrderMark = this.#at === 0 && byte === 0xef;
    const character = isByteOrderMark ? "a byte order mark" : `"${String.fromCharCode(byte)}"`;
    const found = byte === END ? "the end of the text" : character;
    return new JsonSyntaxError(this.#at, `${expected} was expected, not ${found}`);
  }

  /** One value with everything inside it, without recursion: a hostile depth must not overflow the call stack. */
  #value(): void {
    let elementStart = this.#at;
    let opened = this.#openOrScalar();
    for (;;) {
      if (!opened) {
        // A value just ended: its containers go on, or end as well.
        for (;;) {
          if (this.#nesting.depth === 0) return;
          if (this.#nesting.depth === 1 && this.#nesting.insideArray) this.#element(elementStart);
          this.#skipWhitespace();
          if (this.#nextMember()) break;
        }
      }
      if (this.#nesting.depth === 1) elementStart = this.#at;
      opened = this.#openOrScalar();
    }
  }

  #element(start: number): void {
    if (this.#elements.length === this.#maxElements) throw new TooManyElementsError();
    this.#elements.push({ start, end: this.#at });
  }

  /** Reads a scalar whole (false), or enters a container up to its first member (true). An empty one is read whole. */
  #openOrScalar(): boolean {
    const byte = this.#peek();
    if (byte !== OPEN_ARRAY && byte !== OPEN_OBJECT) {
      this.#scalar(byte);
      return false;
    }
    const isArray = byte === OPEN_ARRAY;
    this.#at++;
    this.#skipWhitespace();
    if (this.#peek() === (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
      this.#at++;
      return false;
    }
    this.#nesting.push(isArray);
    if (!isArray) this.#key();
    return true;
  }

  /** After a member: steps over a comma to the next one (true), or over the container's end (false). */
  #nextMember(): boolean {
    const isArray = this.#nesting.insideArray;
    const byte = this.#peek();
    if (byte === COMMA) {
      this.#at++;
      this.#skipWhitespace();
      if (!isArray) this.#key();
      return true;
    }
    if (byte !== (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) throw this.#unexpected(isArray ? `"," or "]"` : `"," or "}"`);
    this.#at++;
    this.#nesting.pop();
    return false;
  }

  #key(): void {
    if (this.#peek() !== QUOTE) throw this.#unexpected("a property name in double quotes");
    this.#string();
    this.#skipWhitespace();
    if (this.#peek() !== COLON) throw this.#unexpected(`":"`);
    this.#at++;
    this.#skipWhitespace();
  }

  #scalar(byte: number): void {
    if (byte === QUOTE) {
      this.#string();
    } else if (byte === MINUS || isDigit(byte)) {
      this.#number();
    } else {
      const literal = LITERALS.get(byte);
      if (literal === undefined) throw this.#unexpected("a JSON value");
      for (let i = 0; i < literal.length; i++, this.#at++) {
        if (this.#peek() !== literal.charCodeAt(i)) throw this.#unexpected(`"${literal}"`);
      }
    }
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    let bits = this.#bits;
    for (;;) {
      const byte = bytes[at] ?? END;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.#at = at;
        this.#escape();
        at = this.#at;
        continue;
      }
      if (byte < 0x20) {
        this.#at = at;
        throw byte === END
          ? this.#unexpected(`the closing double quote`)
          : new JsonSyntaxError(at, "a control character inside a string must be escaped");
      }
      bits |= byte;
      at++;
    }
    this.#bits = bits;
    this.#at = at + 1;
  }

  #escape(): void {
    this.#at++;
    const byte = this.#peek();
    if (byte === LETTER_U) {
      for (let i = 0; i < 4; i++) {
        this.#at++;
        if (!isHexDigit(this.#peek())) throw this.#unexpected("a hexadecimal digit");
      }
    } else if (!SIMPLE_ESCAPES.has(byte)) {
      throw this.#unexpected(`one of "\\/bfnrtu`);
    }
    this.#at++;
  }

  #number(): void {
    if (this.#peek() === MINUS) this.#at++;
    if (this.#peek() === ZERO) this.#at++;
    else this.#digits();
    if (this.#peek() === DOT) {
      this.#at++;
      this.#digits();
    }
    // Setting bit 5 folds E into e.
    if ((this.#peek() | 0x20) === 0x65) {
      this.#at++;
      const sign = this.#peek();
      if (sign === 0x2b || sign === MINUS) this.#at++;
      this.#digits();
    }
  }

  #digits(): void {
    if (!isDigit(this.#peek())) throw this.#unexpected("a digit");
    while (isDigit(this.#peek())) this.#at++;
  }

  #skipWhitespace(): void {
    for (;;) {
      const byte = this.#peek();
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const folded = byte | 0x20;
  return isDigit(byte) || (folded >= 0x61 && folded <= 0x66);
}

/** Which of the open containers are arrays, a bit for each. */
class NestingStack {
  depth = 0;
  insideArray = false;
  #bits = new Uint8Array(16);

  push(isArray: boolean): void {
    const byte = this.depth >> 3;
    if (byte === this.#bits.length) {
      const grown = new Uint8Array(byte * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const mask = 1 << (this.depth & 7);
    const bits = this.#bits[byte] ?? 0;
    this.#bits[byte] = isArray ? bits | mask : bits & ~mask;
    this.depth++;
    this.insideArray = isArray;
  }

  pop(): void {
    this.depth--;
    if (this.depth === 0) {
      this.insideArray = false;
      return;
    }
    const top = this.depth - 1;
    this.insideArray = ((this.#bits[top >> 3] ?? 0) & (1 << (top & 7))) !== 0;
  }
}

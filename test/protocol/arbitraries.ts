import fc from "fast-check";

/** What more than one test draws from. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text that the bytes are; throws when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function bytesOf(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Text of all of Unicode, lone surrogates excepted, with enough of what is special in JSON, in lines and in SSE. */
export function anyText(constraints: { readonly minLength?: number; readonly maxLength?: number } = {}) {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom("\r", "\n", "\r\n", "\n\n", " ", "  ", ":", "\u2028", "\u2029", "\u0085") },
    { weight: 1, arbitrary: fc.constantFrom("\u0000", "\ufeff", "é", "€", "😀", "👩‍👩‍👧", '"', "\\", "\\u0041", "\u001f") },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "data: x",
        "event: control",
        "id: 1",
        "retry: 1",
        ": comment",
        'data:{"streamClosed":true}',
      ),
    },
  );
  return fc
    .array(piece, { maxLength: constraints.maxLength ?? 12 })
    .map((pieces) => pieces.join(""))
    .filter((text) => text.length >= (constraints.minLength ?? 0));
}

const whitespace = fc
  .array(fc.constantFrom(" ", "\n", "\r", "\t", "\r\n"), { maxLength: 2 })
  .map((spaces) => spaces.join(""));

const digits = fc
  .array(fc.integer({ min: 0, max: 9 }).map(String), { minLength: 1, maxLength: 4 })
  .map((list) => list.join(""));

const jsonNumber = fc.oneof(
  fc.constantFrom(
    "12345678901234567890",
    "1e400",
    "-1e400",
    "-0",
    "0",
    "1.0",
    "1.50",
    "-0.0E-0",
    "1E+5",
    "0e0",
    "5e-324",
  ),
  fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.oneof(
        fc.constant("0"),
        digits.map((list) => `1${list}`),
      ),
      fc.oneof(
        fc.constant(""),
        digits.map((list) => `.${list}`),
      ),
      fc.oneof(
        fc.constant(""),
        fc.tuple(fc.constantFrom("e", "E", "e+", "E-"), digits).map((parts) => parts.join("")),
      ),
    )
    .map((parts) => parts.join("")),
);

/** Strings as they are written in JSON: escapes that need not be, lone surrogates as escapes, raw characters. */
const jsonString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }).map((text) => JSON.stringify(text)),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\\"',
          "\\\\",
          "\\/",
          "\\b",
          "\\f",
          "\\n",
          "\\r",
          "\\t",
          "\u007f",
          "\u2028",
          "é",
          "😀",
          "[",
          "},",
        ),
        fc.constantFrom("\\ud800", "\\uDFFF", "\\ud83d\\ude00", "\\u0000", "\\u005B", "\\uFEFF"),
      ),
      { maxLength: 4 },
    )
    .map((pieces) => `"${pieces.join("")}"`),
);

const jsonScalar = fc.oneof(
  { weight: 2, arbitrary: jsonNumber },
  { weight: 2, arbitrary: jsonString },
  { weight: 1, arbitrary: fc.constantFrom("true", "false", "null") },
);

/** Names that repeat, and the one that means something to JavaScript. */
const jsonKey = fc.oneof(fc.constantFrom('"a"', '"b"', '"__proto__"', '"\\u0061"', '""'), jsonString);

/** One JSON value as text, without white space around it: white space inside, duplicate keys, odd numbers, escapes. */
export const jsonValueText: fc.Arbitrary<string> = fc.letrec<{ value: string; array: string; object: string }>(
  (tie) => {
    const member = fc.tuple(whitespace, tie("value"), whitespace).map((parts) => parts.join(""));
    const property = fc
      .tuple(whitespace, jsonKey, whitespace, member)
      .map(([before, key, between, value]) => `${before}${key}${between}:${value}`);
    const listOf = (item: fc.Arbitrary<string>, open: string, close: string) =>
      fc
        .tuple(fc.array(item, { maxLength: 4 }), whitespace)
        .map(([items, space]) => `${open}${items.length === 0 ? space : items.join(",")}${close}`);
    return {
      value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, jsonScalar, tie("array"), tie("object")),
      array: listOf(member, "[", "]"),
      object: listOf(property, "{", "}"),
    };
  },
).value;

const plainKey = fc.oneof(
  fc.constantFrom("", "a", "b", "__proto__", "constructor", "é", "😀"),
  fc.stringMatching(/^[a-z0-9_ ]{0,5}$/),
);

/**
 * JSON whose parsed values may be compared: no key needs an escape. V8 sometimes reads such a key as another one, and
 * the same text then has two values (nodejs/node#63785). Whether it accepts a text is not affected.
 */
export const plainJsonText = fc
  .tuple(
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.string({ unit: "binary", maxLength: 5 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(null, true, false),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(plainKey, tie("value"), { maxKeys: 4 }),
      ),
    })).value,
    fc.constantFrom("", " ", "\t", "   "),
  )
  .map(([value, indent]) => JSON.stringify(value, null, indent));

/** A JSON array as text, together with the texts of its elements. */
export const jsonArrayText = fc
  .array(fc.tuple(whitespace, fc.oneof(jsonValueText, fc.json({ maxDepth: 2 })), whitespace), { maxLength: 6 })
  .chain((items) =>
    fc.tuple(whitespace, whitespace, whitespace).map(([before, inside, after]) => ({
      elements: items.map(([, element]) => element),
      text: `${before}[${items.length === 0 ? inside : items.map((item) => item.join("")).join(",")}]${after}`,
    })),
  );

/** A whole JSON text, white space around it included. */
export const jsonText = fc.oneof(
  fc.json(),
  fc.jsonValue().map((value) => JSON.stringify(value, null, 3)),
  jsonArrayText.map(({ text }) => text),
  fc.tuple(whitespace, jsonValueText, whitespace).map((parts) => parts.join("")),
);

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentKind } from "../../src/protocol/content-type.ts";
import { APPEND_MAX_MESSAGES } from "../../src/protocol/limits.ts";
import {
  joinPayloads,
  positionCount,
  readBody,
  readMessages,
  separatorBytes,
  type MessageBatch,
} from "../../src/protocol/messages.ts";
import { bytesOf, concat, jsonArrayText, jsonText, plainJsonText, textOf, utf8 } from "./arbitraries.ts";

const JSON_TYPE = "application/json";

function messagesOf(contentType: string, body: Uint8Array): MessageBatch {
  const result = readMessages(contentType, body);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** The messages themselves, cut out of the payload by their sizes. */
function cut({ payload, sizes }: MessageBatch, separator: number): Uint8Array[] {
  let at = 0;
  return sizes.map((size) => {
    const message = payload.subarray(at, at + size);
    at += size + separator;
    return message;
  });
}

describe("messages: JSON (section 9.1)", () => {
  test("messages: sizes and the commas between make up the payload", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const { payload, sizes } = messagesOf(JSON_TYPE, utf8(text));
        const commas = Math.max(0, sizes.length - 1);
        expect(sizes.reduce((sum, size) => sum + size, commas)).toBe(payload.byteLength);
      }),
      { numRuns: 300 },
    );
  });

  test("messages: the elements of an array come out verbatim, however it was spaced", () => {
    fc.assert(
      fc.property(jsonArrayText, ({ text, elements }) => {
        const batch = messagesOf(JSON_TYPE, utf8(text));
        expect(cut(batch, 1).map(textOf)).toEqual(elements);
        expect(textOf(batch.payload)).toBe(elements.join(","));
      }),
      { numRuns: 300 },
    );
  });

  test("messages: one level is flattened, and what is read back means what was sent", () => {
    fc.assert(
      fc.property(plainJsonText, (text) => {
        const { payload } = messagesOf(JSON_TYPE, utf8(text));
        const sent: unknown = JSON.parse(text);
        expect(JSON.parse(textOf(readBody("json", [payload])))).toEqual(Array.isArray(sent) ? sent : [sent]);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['{"event": "created"}', ['{"event": "created"}']],
    ['[{"event": "a"}, {"event": "b"}]', ['{"event": "a"}', '{"event": "b"}']],
    ["[[1,2], [3,4]]", ["[1,2]", "[3,4]"]],
    ["[[[1,2,3]]]", ["[[1,2,3]]"]],
    [" 1 \n", ["1"]],
    ["[1 ,2,3]", ["1", "2", "3"]],
    ["[1,2, 3]", ["1", "2", "3"]],
    ["[1,2,3 ]", ["1", "2", "3"]],
    ["[]", []],
    [" [ \n ] ", []],
  ])("messages: %s holds the messages %j", (text, messages) => {
    expect(cut(messagesOf(JSON_TYPE, utf8(text)), 1).map(textOf)).toEqual(messages);
  });

  test("messages: a compact array is not copied", () => {
    const body = utf8('[{"a":1},2,"x"]');
    const { payload } = messagesOf(JSON_TYPE, body);
    expect(payload.buffer).toBe(body.buffer);
    expect([payload.byteOffset - body.byteOffset, payload.byteLength]).toEqual([1, body.byteLength - 2]);
  });

  test("messages: a small message does not keep a large body of white space in memory", () => {
    const { payload } = messagesOf(JSON_TYPE, utf8(`${" ".repeat(5000)}[1,2]${" ".repeat(5000)}`));
    expect(textOf(payload)).toBe("1,2");
    expect(payload.buffer.byteLength).toBeLessThan(100);
  });

  test.each(["{", " ", "[1,]", "\ufeff{}", "1 2"])("messages: %j is refused as invalid JSON", (text) => {
    expect(readMessages(JSON_TYPE, utf8(text))).toMatchObject({ ok: false, error: { code: "INVALID_JSON" } });
  });

  test("messages: invalid JSON is explained with the byte where it goes wrong", () => {
    const result = readMessages(JSON_TYPE, utf8('{"a" 1}'));
    expect(result).toMatchObject({ ok: false, error: { message: expect.stringContaining("at byte 5") as string } });
  });

  test("messages: an array may hold as many messages as the limit says, and not one more", () => {
    const ofLength = (count: number) => utf8(`[${"0,".repeat(count - 1)}0]`);
    expect(messagesOf(JSON_TYPE, ofLength(APPEND_MAX_MESSAGES)).sizes).toHaveLength(APPEND_MAX_MESSAGES);
    expect(readMessages(JSON_TYPE, ofLength(APPEND_MAX_MESSAGES + 1))).toMatchObject({
      ok: false,
      error: { code: "TOO_MANY_MESSAGES" },
    });
  });

  test("messages: parameters and letter case do not keep a body from being JSON", () => {
    expect(messagesOf("Application/JSON; charset=utf-8", utf8("[1,2]")).sizes).toEqual([1, 1]);
  });
});

describe("messages: every other content type (section 9)", () => {
  test("messages: a body is one message with exactly its bytes, whatever it looks like", () => {
    const types = fc.constantFrom("text/plain", "application/octet-stream", "application/ndjson", "image/png");
    fc.assert(
      fc.property(types, fc.uint8Array({ minLength: 1, maxLength: 50 }), (type, body) => {
        expect(messagesOf(type, body)).toEqual({ payload: body, sizes: [body.byteLength] });
      }),
    );
    expect(messagesOf("text/plain", utf8("[1,2]")).sizes).toEqual([5]);
  });

  test("messages: a body without bytes holds no messages, of whatever type", () => {
    for (const type of [JSON_TYPE, "text/plain", "application/octet-stream"]) {
      expect(messagesOf(type, bytesOf())).toMatchObject({ payload: { byteLength: 0 }, sizes: [] });
    }
  });
});

describe("messages: joining and reading", () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 8 }), { maxLength: 6 });

  test("messages: JSON payloads are joined by single commas", () => {
    fc.assert(
      fc.property(fc.array(jsonText, { maxLength: 6 }), (texts) => {
        expect(textOf(joinPayloads("json", texts.map(utf8)))).toBe(texts.join(","));
      }),
    );
  });

  test("messages: text and binary payloads are joined by nothing", () => {
    fc.assert(
      fc.property(fc.constantFrom("text", "binary"), payloads, (kind, parts) => {
        expect(joinPayloads(kind, parts)).toEqual(concat(parts));
      }),
    );
  });

  test("messages: a single payload is not copied", () => {
    const only = utf8("1");
    expect(joinPayloads("json", [only])).toBe(only);
    expect(joinPayloads("binary", [only])).toBe(only);
  });

  test("messages: a JSON read is an array, and an empty one for no messages (section 9.1.5)", () => {
    expect(textOf(readBody("json", []))).toBe("[]");
    expect(textOf(readBody("json", [utf8("1"), utf8("2,3")]))).toBe("[1,2,3]");
  });

  test("messages: a read of text or binary is its bytes and nothing else", () => {
    for (const kind of ["text", "binary"] as const) {
      expect(readBody(kind, [utf8("a"), utf8("b")])).toEqual(utf8("ab"));
      expect(readBody(kind, [])).toEqual(bytesOf());
    }
  });

  test("messages: positions count messages for JSON and bytes otherwise (section 8)", () => {
    const batch: MessageBatch = { payload: utf8("11,22,33"), sizes: [2, 2, 2] };
    expect(positionCount("json", batch)).toBe(3);
    expect(positionCount("text", batch)).toBe(8);
    expect(positionCount("binary", batch)).toBe(8);
  });

  test("messages: what a separator takes is what joining adds", () => {
    for (const type of [JSON_TYPE, "text/plain", "application/octet-stream"]) {
      const kind = contentKind(type);
      expect(joinPayloads(kind, [utf8("1"), utf8("2")]).byteLength).toBe(2 + separatorBytes(kind));
    }
  });
});

import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { controlEvent, dataEvent, HEARTBEAT, type ControlEvent } from "../../src/protocol/sse.ts";
import { anyText, bytesOf, concat, jsonValueText, plainJsonText, textOf, utf8 } from "./arbitraries.ts";

const CONTROL: ControlEvent = { next: 5, cursor: "1000", upToDate: true, closed: false };

/** What a client sees of the bytes on the wire. */
function parse(wire: Uint8Array) {
  const events: EventSourceMessage[] = [];
  const others: string[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => others.push(`comment ${comment}`),
    onRetry: (retry) => others.push(`retry ${retry}`),
    onError: (error) => others.push(`error ${error.message}`),
  });
  parser.feed(textOf(wire));
  return { events, others };
}

/** The data of the one event that a payload must become, between a control event before and one after it. */
function dataOf(kind: ContentKind, payload: Uint8Array): string {
  const control = controlEvent(CONTROL);
  const { events, others } = parse(concat([control, ...dataEvent(kind, payload), control]));
  expect(others).toEqual([]);
  expect(events.map(({ event }) => event)).toEqual(["control", "data", "control"]);
  expect(events.map(({ id }) => id)).toEqual([undefined, undefined, undefined]);
  return events[1]?.data ?? "";
}

const wireOf = (kind: ContentKind, text: string) => textOf(concat(dataEvent(kind, utf8(text))));

describe("sse: text (section 5.8)", () => {
  test("sse: any text comes through as one event, with every kind of line break as LF, and forges none", () => {
    fc.assert(
      fc.property(anyText({ minLength: 1 }), (text) => {
        expect(dataOf("text", utf8(text))).toBe(text.replaceAll(/\r\n|\r/g, "\n"));
      }),
      { numRuns: 1500 },
    );
  });

  test.each([
    ["a line that looks like an event", "x\n\nevent: control\ndata: {}\n\n"],
    ["an event behind CR", "x\r\revent: control\rdata: {}\r\r"],
    ["an event behind CRLF", "x\r\n\r\nevent: control\r\ndata: {}\r\n\r\n"],
    ["an event behind a mixture", "x\n\r\nevent: control\n\rdata: {}\r\n\n"],
    ["fields at its start", "event: control\nid: 7\nretry: 1\n: comment"],
  ])("sse: %s stays data", (_, text) => {
    expect(dataOf("text", utf8(text))).toBe(text.replaceAll(/\r\n|\r/g, "\n"));
  });

  test.each(["\n", "\r", "\r\n", "a\n", "a\r", "\na", "\n\n\n", "a\n\nb", "\r\r", "\n\r"])(
    "sse: the line breaks of %j are neither lost nor multiplied",
    (text) => {
      expect(dataOf("text", utf8(text))).toBe(text.replaceAll(/\r\n|\r/g, "\n"));
    },
  );

  test.each([" a", "  a", " ", "a\n b\n  c", "\n a", " \n \n "])(
    "sse: the spaces that begin the lines of %j survive",
    (text) => {
      expect(dataOf("text", utf8(text))).toBe(text);
    },
  );

  test.each(["a\u2028b", "a\u2029b", "a\u0085b", "a\u000bb\u000cc", "\u0000", "\ufeffa", "a\ttab", ":", "é€😀"])(
    "sse: %j goes over the wire as it is, on one line",
    (text) => {
      expect(wireOf("text", text)).toBe(`event: data\ndata:${text}\n\n`);
      expect(dataOf("text", utf8(text))).toBe(text);
    },
  );

  test("sse: bytes that are not UTF-8 pass unchanged", () => {
    const payload = bytesOf(0x61, 0xff, 0xc3, 0x0a, 0x80);
    expect(concat(dataEvent("text", payload))).toEqual(
      concat([utf8("event: data\ndata:"), bytesOf(0x61, 0xff, 0xc3), utf8("\ndata:"), bytesOf(0x80), utf8("\n\n")]),
    );
  });
});

describe("sse: JSON (section 5.8)", () => {
  test("sse: messages come through verbatim in the brackets of an array, with every line break as LF", () => {
    fc.assert(
      fc.property(fc.array(jsonValueText, { minLength: 1, maxLength: 5 }), (texts) => {
        const payload = texts.join(",");
        expect(dataOf("json", utf8(payload))).toBe(`[${payload}]`.replaceAll(/\r\n|\r/g, "\n"));
      }),
      { numRuns: 500 },
    );
  });

  test("sse: what comes through is a JSON array of the values that went in", () => {
    fc.assert(
      fc.property(fc.array(plainJsonText, { minLength: 1, maxLength: 5 }), (texts) => {
        const values = texts.map((text): unknown => JSON.parse(text));
        expect(JSON.parse(dataOf("json", utf8(texts.join(","))))).toEqual(values);
      }),
    );
  });

  test("sse: a message keeps its digits, duplicate keys and escapes", () => {
    const text = '{"a":12345678901234567890,"a":1e400,"b":"\\u00e9\\ud800"}';
    expect(dataOf("json", utf8(text))).toBe(`[${text}]`);
  });

  test("sse: a message over several lines stays one event", () => {
    expect(dataOf("json", utf8('{\r\n  "a": 1\n}'))).toBe('[{\n  "a": 1\n}]');
  });

  test("sse: a message on one line is one line on the wire", () => {
    expect(wireOf("json", '{"k":"v"},{"k":"w"}')).toBe('event: data\ndata:[{"k":"v"},{"k":"w"}]\n\n');
  });
});

describe("sse: bytes (section 5.8)", () => {
  const decode = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

  test("sse: bytes come through exactly, as base64 of RFC 4648", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (payload) => {
        const base64 = dataOf("binary", payload);
        expect(base64).toMatch(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
        expect(decode(base64)).toEqual(payload);
      }),
      { numRuns: 300 },
    );
  });

  test.each([1, 2, 3, 12_287, 12_288, 12_289, 24_576, 100_000])("sse: %i bytes are one base64 text", (length) => {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
    expect(dataOf("binary", payload)).toBe(Buffer.from(payload).toString("base64"));
  });

  test("sse: every byte there is comes through", () => {
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(decode(dataOf("binary", payload))).toEqual(payload);
  });

  test("sse: no bytes are the empty text", () => {
    expect(textOf(concat(dataEvent("binary", bytesOf())))).toBe("event: data\ndata:\n\n");
  });
});

describe("sse: control events (section 5.8)", () => {
  function fieldsOf(control: ControlEvent): unknown {
    const { events } = parse(controlEvent(control));
    expect(events).toMatchObject([{ event: "control" }]);
    return JSON.parse(events[0]?.data ?? "");
  }

  test("sse: on an open stream it has the next offset and the cursor", () => {
    expect(fieldsOf({ ...CONTROL, upToDate: false })).toEqual({
      streamNextOffset: formatOffset(5),
      streamCursor: "1000",
    });
  });

  test("sse: at the tail it says that the reader is up to date", () => {
    expect(fieldsOf(CONTROL)).toEqual({ streamNextOffset: formatOffset(5), streamCursor: "1000", upToDate: true });
  });

  test.each([true, false])(
    "sse: at the end of a closed stream it says so, and gives no cursor (up to date: %s)",
    (upToDate) => {
      expect(fieldsOf({ ...CONTROL, upToDate, closed: true })).toEqual({
        streamNextOffset: formatOffset(5),
        upToDate: true,
        streamClosed: true,
      });
    },
  );
});

describe("sse: heartbeats", () => {
  test("sse: a heartbeat is a comment that begins and ends no event, wherever it comes", () => {
    const control = controlEvent(CONTROL);
    const wire = concat([
      HEARTBEAT,
      control,
      HEARTBEAT,
      HEARTBEAT,
      ...dataEvent("text", utf8("a")),
      HEARTBEAT,
      control,
    ]);
    const { events, others } = parse(wire);
    expect(events.map(({ event }) => event)).toEqual(["control", "data", "control"]);
    expect(others.map((other) => other.split(" ")[0])).toEqual(["comment", "comment", "comment", "comment"]);
  });
});

import { createParser } from "eventsource-parser";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { ELEMENT_MAX_BYTES } from "./json-array-splitter.ts";

/** What a `control` event says (section 5.8). */
export interface Control {
  readonly nextOffset: string;
  readonly cursor: string | undefined;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

export type SseEvent =
  { readonly type: "data"; readonly text: string } | { readonly type: "control"; readonly control: Control };

function badControl(data: string, url: string): MalformedAnswerError {
  const message = `${url} sent a control event without streamNextOffset: ${JSON.stringify(data.slice(0, 200))}.`;
  return new MalformedAnswerError({ url, code: "BAD_CONTROL_EVENT", message });
}

function parseControl(data: string, url: string): Control {
  let fields: unknown;
  try {
    fields = JSON.parse(data);
  } catch {
    fields = undefined;
  }
  if (typeof fields !== "object" || fields === null) throw badControl(data, url);
  if (!("streamNextOffset" in fields) || typeof fields.streamNextOffset !== "string") throw badControl(data, url);
  const cursor = "streamCursor" in fields && typeof fields.streamCursor === "string" ? fields.streamCursor : undefined;
  const closed = "streamClosed" in fields && fields.streamClosed === true;
  const upToDate = closed || ("upToDate" in fields && fields.upToDate === true);
  return { nextOffset: fields.streamNextOffset, cursor, upToDate, closed };
}

/**
 * The events of one SSE answer. Bytes may arrive regrouped in any way. An event that is not complete when the answer ends
 * is dropped, as the standard for server-sent events has it; events of other names are passed over.
 */
export async function* sseEvents(body: AsyncIterable<Uint8Array>, url: string): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let events: SseEvent[] = [];
  let problem: Error | undefined;
  const parser = createParser({
    maxBufferSize: ELEMENT_MAX_BYTES,
    onEvent({ event, data }) {
      if (event === "data") events.push({ type: "data", text: data });
      else if (event === "control") events.push({ type: "control", control: parseControl(data, url) });
    },
    onError(error) {
      // Unknown fields are to be ignored; only an event without end is a failure.
      if (error.type === "max-buffer-size-exceeded") problem = error;
    },
  });
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (problem !== undefined) {
      const message = `${url} sent an event of more than ${String(ELEMENT_MAX_BYTES)} characters.`;
      throw new MalformedAnswerError({ url, code: "EVENT_TOO_LARGE", message }, { cause: problem });
    }
    const ready = events;
    events = [];
    yield* ready;
  }
}

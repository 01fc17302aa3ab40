import type { SeededRandom } from "../../support/seeded-random.ts";
import type { ModelAppend, Tuple } from "./model-answers.ts";
import type { ModelStream } from "./model-stream.ts";
import type { Call } from "./stream-http.ts";

/** An append as a run sends it; the content type is the stream's own unless it is given. */
export interface RequestedAppend {
  readonly body: string;
  readonly messages: ModelAppend["messages"];
  readonly contentType?: string | undefined;
  readonly producer?: Tuple;
  readonly streamSeq?: string | undefined;
  readonly close?: boolean;
}

export function toCall(append: RequestedAppend, model: ModelStream | undefined): Call {
  const { body, producer, streamSeq, close = false } = append;
  const contentType = contentTypeOf(append, model);
  const headers: Record<string, string> = {};
  if (contentType !== undefined) headers["Content-Type"] = contentType;
  if (streamSeq !== undefined) headers["Stream-Seq"] = streamSeq;
  if (close) headers["Stream-Closed"] = "true";
  if (producer !== undefined) {
    headers["Producer-Id"] = producer.id;
    headers["Producer-Epoch"] = String(producer.epoch);
    headers["Producer-Seq"] = String(producer.seq);
  }
  return { method: "POST", headers, body };
}

export function toModelAppend(append: RequestedAppend, model: ModelStream | undefined): ModelAppend {
  return {
    contentType: contentTypeOf(append, model),
    messages: append.messages,
    hasBody: append.body !== "",
    producer: append.producer,
    streamSeq: append.streamSeq,
    close: append.close ?? false,
  };
}

function contentTypeOf(append: RequestedAppend, model: ModelStream | undefined): string | undefined {
  return "contentType" in append ? append.contentType : (model?.config.contentType ?? "application/json");
}

/** Mostly the tuple that comes next; now and then a repetition, a gap, an older or a newer epoch. */
export function disturb(random: SeededRandom, tuple: Tuple): Tuple {
  switch (random.weighted({ nothing: 12, repeat: 2, gap: 2, older: 1, newer: 1, newerInTheMiddle: 1 })) {
    case "nothing":
      return tuple;
    case "repeat":
      return { ...tuple, seq: Math.max(0, tuple.seq - random.int(1, 3)) };
    case "gap":
      return { ...tuple, seq: tuple.seq + random.int(1, 3) };
    case "older":
      return { ...tuple, epoch: Math.max(0, tuple.epoch - 1) };
    case "newer":
      return { ...tuple, epoch: tuple.epoch + random.int(1, 2), seq: 0 };
    case "newerInTheMiddle":
      return { ...tuple, epoch: tuple.epoch + 1, seq: 2 };
  }
}

import { contentKind } from "../../protocol/content-type.ts";
import type { InheritedStretch } from "../../protocol/fork.ts";
import { joinPayloads, readBody, separatorBytes } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import { SegmentFault } from "../segments/segment-fault.ts";
import type { ChunkLimits } from "../storage/chunk.ts";
import type { InheritedOutcome, ReadRequest } from "../stream/operations.ts";
import { decodeReadOutcome, encodeInheritedRead, encodeReadRequest, segmentCount } from "../stream/read-wire.ts";
import { timed } from "../timing.ts";
import type { StreamContext } from "./context.ts";
import { withMessages, type MessageForm } from "./located-body.ts";
import type { ObjectRead } from "./object-read.ts";

/**
 * Puts together an answer that begins in what a fork inherits (section 4.2). Each stretch is asked for of the stream that
 * holds it as its own, one after the other until the answer is full; what is left of it is the fork's own.
 */
export async function gatherInherited(
  context: StreamContext,
  read: ReadRequest,
  outcome: InheritedOutcome,
  form: MessageForm,
): Promise<ObjectRead> {
  const gathering = new Gathering(context, outcome, read.limits);
  for (const stretch of outcome.stretches) {
    if (!(await gathering.take(stretch))) break;
  }
  if (gathering.isAtOwn) await gathering.takeOwn();
  const { next, tail, closed } = gathering;
  const kind = contentKind(outcome.contentType);
  const body = form === "answer" ? readBody(kind, gathering.payloads) : joinPayloads(kind, gathering.payloads);
  const { incarnation, contentType, start, remainingMs } = outcome;
  const upToDate = next === tail;
  return {
    kind: "messages",
    outcome: {
      kind: "messages",
      incarnation,
      contentType,
      public: outcome.public,
      start,
      next,
      upToDate,
      closed: upToDate && closed,
      bytes: body.byteLength,
      ...(remainingMs === undefined ? {} : { remainingMs }),
    },
    messages: () => Promise.resolve(new Response(body)),
    cancel: () => Promise.resolve(),
  };
}

class Gathering {
  readonly payloads: Uint8Array[] = [];
  next: Position;
  tail: Position;
  closed: boolean;
  readonly #context: StreamContext;
  readonly #outcome: InheritedOutcome;
  #budget: number;
  #segments: number;

  constructor(context: StreamContext, outcome: InheritedOutcome, { maxBytes, maxSegments }: ChunkLimits) {
    this.#context = context;
    this.#outcome = outcome;
    this.#budget = maxBytes;
    this.#segments = maxSegments;
    this.next = outcome.start;
    this.tail = outcome.tail;
    this.closed = outcome.closed;
  }

  /** Whether the answer stands where the fork's own messages begin, has room for some, and there are any. */
  get isAtOwn(): boolean {
    const { stretches } = this.#outcome;
    return this.#hasRoom && this.next === stretches.at(-1)?.until && this.next < this.tail;
  }

  /** Takes as much of a stretch as there is room for; true when that was all of it, and room is left. */
  async take(stretch: InheritedStretch): Promise<boolean> {
    const { segments, streams, timing } = this.#context;
    const request = encodeInheritedRead({
      incarnation: stretch.incarnation,
      from: this.next,
      until: stretch.until,
      limits: this.#limits,
    });
    const response = await timed(timing, "ancestor", () => streams.getByName(stretch.stream).fetch(request));
    const outcome = decodeReadOutcome(response);
    // An object of another version might answer something else.
    const isAnswer = outcome.kind === "messages" && outcome.start === this.next && outcome.next <= stretch.until;
    if (!isAnswer || outcome.incarnation !== stretch.incarnation) {
      throw new SegmentFault("SEGMENT_MISSING", stretch.stream, `${stretch.incarnation} of it is not there any more`);
    }
    this.#segments -= segmentCount(response);
    const messages = await withMessages(segments, response, this.#outcome.contentType, "payload");
    this.#add(new Uint8Array(await messages.arrayBuffer()), outcome.next);
    return this.next === stretch.until && this.#hasRoom;
  }

  /** Goes on with the fork's own messages. What has become of the fork meanwhile is told with them. */
  async takeOwn(): Promise<void> {
    const { object, segments, timing } = this.#context;
    const from = { kind: "position", position: this.next } as const;
    const request = encodeReadRequest({ from, limits: this.#limits, wait: "no" });
    const response = await timed(timing, "object", () => object.fetch(request));
    const outcome = decodeReadOutcome(response);
    if (outcome.kind !== "messages" || outcome.incarnation !== this.#outcome.incarnation) return;
    const bytes = new Uint8Array(
      await (await withMessages(segments, response, outcome.contentType, "answer")).arrayBuffer(),
    );
    const isJson = contentKind(outcome.contentType) === "json";
    this.#add(isJson ? bytes.subarray(1, -1) : bytes, outcome.next);
    this.closed = outcome.closed;
    if (outcome.upToDate) this.tail = outcome.next;
    else this.tail = Math.max(this.tail, outcome.next + 1);
  }

  get #hasRoom(): boolean {
    return this.#budget > 0 && this.#segments > 0;
  }

  /** What is left of the answer's own limits. */
  get #limits(): ChunkLimits {
    return { maxBytes: this.#budget, maxSegments: this.#segments, mustProgress: this.payloads.length === 0 };
  }

  #add(payload: Uint8Array, next: Position): void {
    if (next === this.next) return;
    this.payloads.push(payload);
    this.next = next;
    this.#budget -= payload.byteLength + separatorBytes(contentKind(this.#outcome.contentType));
  }
}

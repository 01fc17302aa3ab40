import { compare, nextOf, type Answer } from "./expectation.ts";
import { ABSENT, type Member } from "./member.ts";
import { offsetOf, refuseEmpty } from "./model-answers.ts";
import { invalidJson, largeContent, randomContent, type Content } from "./random-content.ts";
import { disturb, toCall, toModelAppend, type RequestedAppend } from "./requested-append.ts";
import type { Run } from "./run.ts";

/** The operations that append. */

const PRODUCERS = ["alpha", "beta", "gamma"];

export async function append(run: Run, member: Member): Promise<void> {
  const { random } = run;
  const streamSeq = random.chance(0.2) ? String(random.int(0, 99)).padStart(2, "0") : undefined;
  await sendAndCompare(run, member, { ...contentFor(run, member), streamSeq });
}

export async function appendLarge(run: Run, member: Member): Promise<void> {
  await sendAndCompare(run, member, largeContent(run.random, member.stream?.isJson ?? true));
}

export async function appendRefused(run: Run, member: Member): Promise<void> {
  const content = contentFor(run, member);
  const isText = member.stream?.isJson === false;
  await sendAndCompare(run, member, refused(run, content, isText));
}

function refused({ random }: Run, content: Content, isText: boolean): RequestedAppend {
  switch (random.pick(["type", "json", "empty", "array", "none"])) {
    case "type":
      return { ...content, contentType: "image/png" };
    case "json":
      return isText ? content : { body: invalidJson(random), messages: "invalid" };
    case "array":
      return isText ? content : { body: random.pick(["[]", " [ ] "]), messages: [] };
    case "none":
      return { ...content, contentType: undefined };
    default:
      return { body: "", messages: [] };
  }
}

export async function appendByProducer(run: Run, member: Member): Promise<void> {
  const { random } = run;
  const tuple = member.stream?.nextTuple(random.pick(PRODUCERS)) ?? { id: "alpha", epoch: 0, seq: 0 };
  const producer = disturb(random, tuple);
  const close = random.chance(0.02);
  const content = close && random.chance(0.5) ? { body: "", messages: [] } : contentFor(run, member);
  const request = { ...content, producer, close };
  await sendAndCompare(run, member, request);
  // A retry of the very same request, as after an answer that was lost.
  if (random.chance(0.3)) await sendAndCompare(run, member, request);
}

/** Appends at the same time: the offsets in the answers tell the order, and in that order the model must agree. */
export async function appendConcurrently(run: Run, member: Member): Promise<void> {
  const { random } = run;
  const { stream } = member;
  if (stream === undefined || stream.closed) return;
  const writers = Array.from({ length: random.int(2, 12) }, (_, i) => ({
    ...contentFor(run, member),
    ...(i < 3 && random.chance(0.5) ? { producer: stream.nextTuple(PRODUCERS[i] ?? "") } : {}),
  }));
  const start = random.int(0, stream.tail);
  const [read, ...answers] = await Promise.all([
    member.http.send({ method: "GET", query: `?offset=${offsetOf(start)}` }),
    ...writers.map((writer) => send(member, writer)),
  ]);
  compareInOrder(run, member, writers, answers);
  const body = stream.body(start, nextOf(read));
  compare(read, { status: 200, body }, `a read from ${String(start)} beside appends`);
}

/** Lets the model append what was appended at the same time, in the order that the answers tell. */
export function compareInOrder(
  run: Run,
  { stream }: Member,
  writers: readonly RequestedAppend[],
  answers: readonly Answer[],
): void {
  const inOrder = answers
    .map((answer, i) => ({ answer, writer: writers[i] ?? { body: "", messages: [] } }))
    .sort((left, right) => nextOf(left.answer) - nextOf(right.answer));
  for (const { answer, writer } of inOrder) {
    const expected = stream?.append(toModelAppend(writer, stream));
    if (expected !== undefined) run.compare(answer, expected);
  }
}

export async function close(run: Run, member: Member): Promise<void> {
  const content = run.random.chance(0.5) ? contentFor(run, member) : { body: "", messages: [] };
  await sendAndCompare(run, member, { ...content, close: true });
}

export async function sendAndCompare(run: Run, member: Member, request: RequestedAppend): Promise<void> {
  const answer = await send(member, request);
  const { stream } = member;
  const asked = toModelAppend(request, stream);
  const empty = refuseEmpty(asked);
  if (stream !== undefined) run.compare(answer, stream.append(asked));
  else if (empty !== undefined) run.compare(answer, empty);
  else member.compareAbsent(answer, ABSENT, run.about);
}

export function send({ http, stream }: Member, request: RequestedAppend): Promise<Answer> {
  return http.send(toCall(request, stream));
}

export function contentFor({ random }: Run, { stream }: Member): Content {
  return randomContent(random, stream?.isJson ?? true);
}

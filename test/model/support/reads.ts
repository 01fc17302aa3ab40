import { compare, nextOf } from "./expectation.ts";
import { ABSENT, ABSENT_HEAD, type Member } from "./member.ts";
import { mediaType, offsetOf } from "./model-answers.ts";
import type { ModelStream } from "./model-stream.ts";
import { rangeState, type Run } from "./run.ts";
import type { SseCatchUp } from "./stream-http.ts";

/** The operations that read. */

export async function head(run: Run, member: Member): Promise<void> {
  const answer = await member.http.send({ method: "HEAD" });
  if (member.stream === undefined) member.compareAbsent(answer, ABSENT_HEAD, run.about);
  else run.compare(answer, member.stream.head());
}

export async function read(run: Run, member: Member): Promise<void> {
  const { stream } = member;
  if (stream !== undefined) return readOnFrom(run, member, run.random.int(0, stream.tail), stream);
  member.compareAbsent(await member.http.send({ method: "GET" }), ABSENT, run.about);
}

/** Reads to the tail in as many answers as the server makes of it. */
export async function readOnFrom(run: Run, member: Member, start: number, stream: ModelStream): Promise<void> {
  let at = start;
  do {
    const query = at === 0 && run.random.chance(0.3) ? run.random.pick(["", "?offset=-1"]) : `?offset=${offsetOf(at)}`;
    const answer = await member.http.send({ method: "GET", query });
    run.compareRead(answer, member, at);
    const next = nextOf(answer);
    if (next === at && next < stream.tail) throw new Error(`a read from ${String(at)} got nowhere`);
    at = next;
  } while (at < stream.tail);
}

export async function readNow(run: Run, member: Member): Promise<void> {
  const answer = await member.http.send({ method: "GET", query: "?offset=now" });
  if (member.stream === undefined) member.compareAbsent(answer, ABSENT, run.about);
  else run.compareRead(answer, member, member.stream.tail, { "cache-control": "no-store", etag: null });
}

/** With an ETag from before, of any of the family: 304 exactly when that stands for what would be answered now. */
export async function readAgain(run: Run, member: Member): Promise<void> {
  const { random, etags } = run;
  const tags = etags.tags();
  const { stream } = member;
  if (stream === undefined || tags.length === 0) return;
  const own = tags.filter((tag) => etags.stateOf(tag)?.startsWith(member.creation));
  const tag = random.pick(own.length > 0 && random.chance(0.7) ? own : tags);
  const start = Math.min(Number(/ from (\d+) /.exec(etags.stateOf(tag) ?? "")?.[1] ?? 0), stream.tail);
  const query = `?offset=${offsetOf(start)}`;
  const answer = await member.http.send({ method: "GET", query, headers: { "If-None-Match": tag } });
  const current = rangeState(member, start, nextOf(answer), stream);
  if (etags.stateOf(tag) === current) run.compare(answer, { status: 304, headers: { etag: tag }, body: "" });
  else run.compareRead(answer, member, start);
}

export async function readBadOffset(run: Run, member: Member): Promise<void> {
  const { random } = run;
  const beyond = offsetOf((member.stream?.tail ?? 0) + random.int(1, 5));
  const offset = random.pick([beyond, beyond, "0", "", "-2", "1_2", "9007199254740993_0000000000000000"]);
  const live = random.pick(["", "&live=sse", "&live=long-poll"]);
  const answer = await member.http.send({ method: "GET", query: `?offset=${offset}${live}` });
  if (offset !== beyond) run.compare(answer, { status: 400, code: "INVALID_OFFSET" });
  else if (member.stream === undefined) member.compareAbsent(answer, ABSENT, run.about);
  else run.compare(answer, { status: 400, code: "OFFSET_BEYOND_TAIL" });
}

export async function longPoll(run: Run, member: Member): Promise<void> {
  const { stream } = member;
  const start = run.random.int(0, stream?.tail ?? 0);
  // At the tail of an open stream it would wait.
  if (start === stream?.tail && !stream.closed) return;
  const answer = await member.http.send({ method: "GET", query: `?offset=${offsetOf(start)}&live=long-poll` });
  if (stream === undefined) member.compareAbsent(answer, ABSENT, run.about);
  else run.compare(answer, stream.poll(start, answer.status === 200 ? nextOf(answer) : "tail").expected);
}

export async function sse(run: Run, member: Member): Promise<void> {
  const { stream } = member;
  if (stream === undefined) return;
  const start = run.random.int(0, stream.tail);
  compareFollowed(await member.http.catchUpBySse(offsetOf(start)), stream, start);
}

/** Compares all that an SSE reader got from `start` on, which has to reach the end. */
export function compareFollowed({ data, control }: SseCatchUp, stream: ModelStream, start: number): void {
  const read = stream.isJson ? `[${data.map((text) => text.slice(1, -1)).join(",")}]` : data.join("");
  const isText = mediaType(stream.config.contentType).startsWith("text/");
  const isCut = isText && !stream.closed && stream.body(start, stream.tail).endsWith("\r");
  // Half a line break, as a fork can inherit it, is kept back until it is known what follows.
  const until = isCut ? stream.tail - 1 : stream.tail;
  const body = stream.body(start, until);
  // Every kind of line break arrives as the one that SSE has, bytes in base64 apart.
  const wanted = isText || stream.isJson ? body.replaceAll(/\r\n?/g, "\n") : body;
  compare({ status: 200, headers: {}, body: read }, { status: 200, body: wanted }, `SSE from ${String(start)}`);
  const end = { next: control.streamNextOffset, closed: control.streamClosed === true };
  if (end.next !== offsetOf(until) || end.closed !== stream.closed)
    throw new Error(`SSE from ${String(start)} ended with ${JSON.stringify(control)}`);
}

import type { Answer } from "./expectation.ts";
import { ABSENT_SOURCE, type Member } from "./member.ts";
import { INVALID_JSON } from "./model-answers.ts";
import { ModelStream } from "./model-stream.ts";
import { malformedFork, randomFork, toForkCall, type RequestedFork } from "./requested-fork.ts";
import type { Run } from "./run.ts";

/** The operations that fork one stream at a time. */

/** Forks a member, mostly to a path that is free. */
export async function fork(run: Run, member: Member): Promise<void> {
  const { random } = run;
  const source = pickSource(run) ?? member;
  const target = (random.chance(0.8) ? run.pickMissing() : undefined) ?? random.pick(run.members);
  await forkTo(run, target, randomFork(random, source));
}

/** Mostly one that is a fork itself, if there is one, so that chains get long. */
function pickSource(run: Run): Member | undefined {
  switch (run.random.weighted({ any: 7, fork: 10, ended: 3, stranger: 1 })) {
    case "any":
      return undefined;
    case "fork":
      return run.pickLive(isFork);
    case "ended":
      return run.pickEnded();
    case "stranger":
      return run.stranger;
  }
}

function isFork({ stream }: Member): boolean {
  return stream?.origin !== undefined;
}

/** A fork that is there already is asked for once more, or nearly so. */
export async function forkAgain(run: Run, chosen: Member): Promise<void> {
  const { random } = run;
  const member = run.pickLive(isFork) ?? chosen;
  const config = member.stream?.asWanted;
  const origin = member.stream?.origin;
  const source = run.members.find(({ name }) => name === origin?.source);
  if (config === undefined || origin === undefined || source === undefined) return fork(run, member);
  const or = <T>(value: T): T | undefined => (random.chance(0.5) ? value : undefined);
  const wanted = {
    contentType: or(config.contentType),
    ttlSeconds: or(config.ttlSeconds),
    public: or(config.public),
    closed: config.closed !== random.chance(0.05),
    origin: {
      source: origin.source,
      offset: or(random.chance(0.1) ? (origin.offset ?? 0) + 1 : origin.offset),
      subOffset: origin.subOffset + (random.chance(0.1) ? 1 : 0),
    },
  };
  await forkTo(run, member, { source, wanted, body: "", messages: [] });
}

export async function forkMalformed(run: Run, member: Member): Promise<void> {
  const { code, headers } = malformedFork(run.random, run.random.pick(run.members).paths[0] ?? "");
  run.note(JSON.stringify(headers));
  run.compare(await member.http.send({ method: "PUT", headers }), { status: 400, code });
}

async function forkTo(run: Run, target: Member, request: RequestedFork): Promise<void> {
  const { source, wanted } = request;
  run.note(`${source.shortName} -> ${target.shortName} ${JSON.stringify(wanted)} with ${request.body.slice(0, 40)}`);
  const answer = await target.http.send(toForkCall(run.random, request));
  run.note(`(${String(answer.status)})`);
  compareFork(run, target, request, answer);
}

/** Compares the answer to the creation of a fork, and makes the fork of the model if there is one. */
export function compareFork(run: Run, target: Member, request: RequestedFork, answer: Answer): void {
  const { source, wanted, messages } = request;
  if (messages === "invalid" && wanted.contentType !== undefined) run.compare(answer, INVALID_JSON);
  else if (target.stream !== undefined) run.compare(answer, target.stream.createAgain(wanted));
  else if (target.isHeld(answer, run.about)) return;
  else if (source === target) run.compare(answer, ABSENT_SOURCE.missing);
  else compareNewFork(run, target, request, answer);
}

function compareNewFork(run: Run, target: Member, request: RequestedFork, answer: Answer): void {
  const { source, body } = request;
  const { stream, life } = source;
  if (stream === undefined || life === undefined) {
    source.compareAbsent(answer, ABSENT_SOURCE, run.about);
    return;
  }
  const forked = stream.fork(request.wanted, request.messages);
  if (forked instanceof ModelStream) {
    run.begin(target, forked, life);
    run.compareCreated(answer, target, forked);
    return;
  }
  // The body was understood only when the source had told its content type, and had lent its messages.
  if (forked === INVALID_JSON && body !== "") life.lendInVain();
  run.compare(answer, forked);
}

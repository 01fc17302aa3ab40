import { nextOf } from "./expectation.ts";
import { compareFork } from "./forks.ts";
import { remove } from "./lives.ts";
import type { Member } from "./member.ts";
import { offsetOf } from "./model-answers.ts";
import { compareFollowed } from "./reads.ts";
import { plainFork, toForkCall } from "./requested-fork.ts";
import type { Run } from "./run.ts";
import { compareInOrder, contentFor, send, sendAndCompare } from "./writes.ts";

/** Operations on two streams at a time. The answers tell what came first, and in that order the model must agree. */

/** The fork has all of each append or nothing of it. */
export async function forkBesideAppends(run: Run, source: Member): Promise<void> {
  const { random } = run;
  const target = run.pickMissing();
  const { stream } = source;
  if (target === undefined || stream === undefined || stream.closed) return;
  run.note(`-> ${target.shortName}`);
  const request = plainFork(source);
  const writers = Array.from({ length: random.int(1, 4) }, () => contentFor(run, source));
  const [forked, ...appended] = await Promise.all([
    target.http.send(toForkCall(random, request)),
    ...writers.map((writer) => send(source, writer)),
  ]);
  const cuts = [stream.tail, ...appended.map(nextOf)];
  compareInOrder(run, source, writers, appended);
  const offset = nextOf(forked);
  if (!cuts.includes(offset)) throw new Error(`forked at ${String(offset)}, and not at one of ${cuts.join(", ")}`);
  const origin = { ...request.wanted.origin, offset };
  compareFork(run, target, { ...request, wanted: { ...request.wanted, origin } }, forked);
}

export async function forkBesideDelete(run: Run, source: Member): Promise<void> {
  const target = run.pickMissing();
  if (target === undefined || source.stream === undefined) return;
  run.note(`-> ${target.shortName}`);
  const request = plainFork(source);
  const [forked, deleted] = await Promise.all([
    target.http.send(toForkCall(run.random, request)),
    source.http.send({ method: "DELETE" }),
  ]);
  run.compare(deleted, { status: 204, body: "" });
  run.note(`(${String(forked.status)})`);
  if (forked.status !== 201) source.life?.delete();
  compareFork(run, target, request, forked);
  if (forked.status === 201) source.life?.delete();
}

/** One of two that ask for the same fork makes it, and the other finds it. */
export async function forkTwice(run: Run, source: Member): Promise<void> {
  const target = run.pickMissing();
  if (target === undefined || source.stream === undefined) return;
  run.note(`-> ${target.shortName}`);
  const request = plainFork(source);
  const call = toForkCall(run.random, request);
  const answers = await Promise.all([target.http.send(call), target.http.send(call)]);
  for (const answer of answers.sort((left, right) => right.status - left.status)) {
    compareFork(run, target, request, answer);
  }
}

/** As a source and its fork that end together. */
export async function deleteTwo(run: Run, member: Member): Promise<void> {
  const other = run.pickLive((live) => live !== member);
  if (member.stream === undefined || other === undefined) return;
  run.note(`and ${other.shortName}`);
  await Promise.all([remove(run, member), remove(run, other)]);
}

/** A live reader hears of its own stream alone, whatever is appended to the others meanwhile. */
export async function listen(run: Run, member: Member): Promise<void> {
  const { stream } = member;
  if (stream === undefined || stream.closed) return;
  const start = run.random.int(0, stream.tail);
  const followed = await member.http.catchUpBySse(offsetOf(start), async () => {
    for (const other of run.members) {
      if (other !== member && other.stream !== undefined) await sendAndCompare(run, other, contentFor(run, other));
    }
    await sendAndCompare(run, member, contentFor(run, member));
    return offsetOf(stream.tail);
  });
  compareFollowed(followed, stream, start);
}

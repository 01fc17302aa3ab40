import { ABSENT, type Member } from "./member.ts";
import { ModelStream } from "./model-stream.ts";
import { randomContent } from "./random-content.ts";
import type { Run } from "./run.ts";

/** The operations that begin and end streams that are no forks. */

const CONTENT_TYPES = [
  "application/json",
  "application/json",
  "Application/JSON; charset=utf-8",
  "text/plain",
  "application/octet-stream",
];

export async function create(run: Run, chosen: Member): Promise<void> {
  const { random } = run;
  const member = (random.chance(0.6) ? run.pickMissing() : undefined) ?? chosen;
  run.note(`-> ${member.shortName}`);
  const config = {
    contentType: random.pick(CONTENT_TYPES),
    ttlSeconds: random.chance(0.2) ? 3600 : undefined,
    public: random.pick([undefined, undefined, true, false]),
    closed: random.chance(0.1),
  };
  // Now and then with what is there already, which has to be confirmed, unless it is a fork.
  const wanted = random.chance(0.5) ? { ...config, ...member.stream?.asWanted } : config;
  const content = random.chance(0.4)
    ? randomContent(random, /json/i.test(wanted.contentType))
    : { body: "", messages: [] };
  const answer = await member.http.send({
    method: "PUT",
    query: wanted.public === undefined ? "" : `?public=${String(wanted.public)}`,
    headers: {
      "Content-Type": wanted.contentType,
      ...(wanted.ttlSeconds === undefined ? {} : { "Stream-TTL": String(wanted.ttlSeconds) }),
      ...(wanted.closed ? { "Stream-Closed": "TRUE" } : {}),
    },
    body: content.body,
  });
  if (member.stream !== undefined) {
    run.compare(answer, member.stream.createAgain(wanted));
  } else if (!member.isHeld(answer, run.about)) {
    const stream = new ModelStream(wanted, content.messages);
    run.begin(member, stream);
    run.compareCreated(answer, member, stream);
  }
}

/** Deletes a stream that was forked, if there is one. */
export async function removeSource(run: Run, chosen: Member): Promise<void> {
  const member = run.pickLive(({ life }) => life !== undefined && life.neededBy.length > 0) ?? chosen;
  run.note(`-> ${member.shortName}`);
  await remove(run, member);
}

/** Deletes a stream; what that leaves of it is for {@link Member.standing} to say. */
export async function remove(run: Run, member: Member): Promise<void> {
  const answer = await member.http.send({ method: "DELETE" });
  if (member.stream === undefined) {
    member.compareAbsent(answer, ABSENT, run.about);
    return;
  }
  run.compare(answer, { status: 204, body: "" });
  member.life?.delete();
}

import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Member } from "./member.ts";
import { offsetOf } from "./model-answers.ts";
import { head } from "./reads.ts";
import type { Run } from "./run.ts";

/** Waits for clean-up, which the server does some time after it is due, to have done what the model says. */

const PATIENCE_MS = 60_000;
const POLL_MS = 5;

/** Until no path is fading any more, and every stream lends to the forks that need it and to nobody else. */
export async function settle(run: Run): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (const member of run.members) {
    while (!(await isSettled(run, member))) {
      if (Date.now() > deadline) throw new Error(`${member.shortName} is still ${await describe(member)}`);
      await setTimeout(POLL_MS);
    }
  }
}

async function isSettled(run: Run, member: Member): Promise<boolean> {
  const { life, standing } = member;
  if (life === undefined || standing === "fading") {
    await head(run, member);
    return member.standing === "missing";
  }
  const inspected = await member.http.inspect();
  const shown = { softDeleted: inspected.softDeleted, tail: inspected.tail };
  const known = { softDeleted: standing === "gone", tail: offsetOf(life.stream.tail) };
  if (!isDeepStrictEqual(shown, known)) throw new Error(`${member.shortName}: ${JSON.stringify({ shown, known })}`);
  const lent = inspected.forks.list.map(({ fork }) => fork).sort();
  const needed = run.members.filter((other) => other.life !== undefined && life.neededBy.includes(other.life));
  if (!isDeepStrictEqual(lent, needed.map(({ name }) => name).sort())) return false;
  life.settle();
  return true;
}

async function describe(member: Member): Promise<string> {
  if (member.life === undefined) return "there";
  return `${member.standing}, and shows ${JSON.stringify(await member.http.inspect())}`;
}

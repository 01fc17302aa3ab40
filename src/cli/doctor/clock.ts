import type { AnswerTimes } from "../../cloudflare/api.ts";
import { failed, type Finding, ok, SkippedCheck, warning } from "./check.ts";

/** Past this, somebody should set the clock: servers allow for ten seconds where a token says when it begins. */
const CLOCK_WARNING_MS = 5_000;
/** Past this, operators' tokens, which live for a minute, have ended before they arrive where the clock is behind. */
const CLOCK_FAILURE_MS = 60_000;
/** A `Date` counts whole seconds, and so on average is behind by half of one. */
const HALF_SECOND_MS = 500;

/**
 * How far this machine's clock is ahead of the one that answered, at the least; negative where it is behind. Half of the
 * round trip, and of the second that a `Date` leaves out, is allowed for. `undefined` where there is no `Date`.
 */
export function clockSkewMs({ date, sentAtMs, receivedAtMs }: AnswerTimes): number | undefined {
  const saidMs = Date.parse(date ?? "");
  if (Number.isNaN(saidMs)) return undefined;
  const aheadMs = (sentAtMs + receivedAtMs) / 2 - (saidMs + HALF_SECOND_MS);
  const allowedMs = (receivedAtMs - sentAtMs) / 2 + HALF_SECOND_MS;
  return Math.sign(aheadMs) * Math.max(0, Math.abs(aheadMs) - allowedMs);
}

/** Judges the answer that tells most: the one that was waited for the shortest time. `whose` follows "the clock of". */
export function clockFinding(answers: readonly AnswerTimes[], whose: string): Finding {
  const dated = answers.filter(({ date }) => date !== undefined);
  const [best] = dated.sort((left, right) => waitedMs(left) - waitedMs(right));
  const skewMs = best === undefined ? undefined : clockSkewMs(best);
  if (skewMs === undefined) throw new SkippedCheck(`No answer of ${whose} tells the time.`);
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= CLOCK_WARNING_MS) return ok(`This machine's clock agrees with that of ${whose}.`);
  const side = skewMs > 0 ? "ahead of" : "behind";
  const detail = `This machine's clock is ${String(seconds)} s ${side} that of ${whose}: tokens signed here begin or end at the wrong time.`;
  return (Math.abs(skewMs) > CLOCK_FAILURE_MS ? failed : warning)(detail, CLOCK_MEND);
}

function waitedMs({ sentAtMs, receivedAtMs }: AnswerTimes): number {
  return receivedAtMs - sentAtMs;
}

const MENDS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: "sudo sntp -sS time.apple.com",
  linux: "sudo timedatectl set-ntp true",
  win32: "w32tm /resync",
};

const CLOCK_MEND = MENDS[process.platform] ?? "Set the clock of this machine by NTP.";

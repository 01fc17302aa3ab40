import type { SealingState, StreamMap } from "../../client/operator-types.ts";
import { linesOf, type Lines } from "../table.ts";
import { forkLines } from "./fork-lines.ts";
import { counted, grouped, humanBytes, humanDuration } from "../../client/figures.ts";

/** More producers than this are counted and not named. */
const PRODUCERS_SHOWN = 10;

function extent({ messages, bytes }: { readonly messages: number; readonly bytes: number }): string {
  return `${counted(messages, "message")}, ${humanBytes(bytes)}`;
}

function sealingText({ state, failures, nextAttemptAtMs, maxMessages, maxBytes }: SealingState, nowMs: number): string {
  const isLimited = maxMessages !== undefined && maxBytes !== undefined;
  const limits = isLimited ? `, seals at ${counted(maxMessages, "message")} or ${humanBytes(maxBytes)}` : "";
  if (state === "deferred") return `deferred until the writers pause${limits}`;
  if (state !== "retrying") return `${state}${limits}`;
  const waitS = nextAttemptAtMs === undefined ? undefined : Math.max(0, Math.ceil((nextAttemptAtMs - nowMs) / 1000));
  const next = waitS === undefined ? "" : `, next try in ${String(waitS)} s`;
  return `retrying after ${counted(failures, "failure")}${next}${limits}`;
}

function stateText({ closed, public: isPublic, softDeleted }: StreamMap): string {
  const state = `${closed ? "closed" : "open"}${isPublic ? ", public" : ""}`;
  return softDeleted === true ? `deleted, kept for its forks (${state})` : state;
}

function expiryText({ expiry }: StreamMap): string | undefined {
  if (expiry.ttlSeconds !== undefined) return `${String(expiry.ttlSeconds)} s after the last read or write`;
  return expiry.expiresAt;
}

function producerLines({ producers }: StreamMap): Lines {
  const { count, list } = producers;
  const shown = list.slice(0, PRODUCERS_SHOWN);
  return [
    ["producers", grouped(count)],
    ...shown.map(
      ({ id, epoch, lastSeq }) =>
        ["", `${JSON.stringify(id)}, epoch ${String(epoch)}, last seq ${String(lastSeq)}`] as const,
    ),
    ["", count > shown.length ? `… ${grouped(count - shown.length)} more` : undefined],
  ];
}

/** The map of a stream for people, without its segments. */
export function streamTable(url: string, map: StreamMap, prefix: string | undefined, nowMs: number): string {
  const { hot, segments, sealing, purges } = map;
  const lines: Lines = [
    ["stream", url],
    ["incarnation", map.incarnation],
    ["content type", map.contentType],
    ["state", stateText(map)],
    ["created", `${new Date(map.createdAtMs).toISOString()} (${humanDuration(nowMs - map.createdAtMs)} ago)`],
    ["expires", expiryText(map)],
    ["tail", map.tail],
    ...forkLines(map),
    ["holds", `${extent(map)}${map.fork === undefined ? "" : `, from ${map.fork.start}`}`],
    ["hot log", `${extent(hot)}, ${counted(hot.rows, "row")}, from ${hot.start}`],
    ["segments", segments.count === 0 ? "none" : `${grouped(segments.count)}: ${extent(segments)}`],
    ["objects", prefix],
    ["sealing", sealingText(sealing, nowMs)],
    ["last error", sealing.lastError],
    ...purges.map(
      ({ prefix: old, failures }) =>
        ["purging", `${old}${failures === 0 ? "" : ` (${counted(failures, "failure")})`}`] as const,
    ),
    ["readers", counted(map.readers, "live reader")],
    ...producerLines(map),
  ];
  return linesOf(lines);
}

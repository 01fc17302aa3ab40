import type { ConnectionTimes } from "../../client/connection-times.ts";
import { visibleLine } from "../../client/visible-text.ts";
import type { Pong } from "./ping.ts";
import type { Times } from "./quantiles.ts";

/** A time as people compare them: three digits or so. */
export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

export function connectionText(url: string, { connectMs, tlsMs, address, tlsVersion }: ConnectionTimes): string {
  const tls = tlsMs === undefined ? "" : `, ${tlsVersion ?? "TLS"} ${milliseconds(tlsMs)}`;
  return `PING ${visibleLine(url)} (${address}): connect ${milliseconds(connectMs)}${tls}\n`;
}

export function pongText({ seq, status, timeMs, serverMs, cache, error }: Pong): string {
  if (timeMs === undefined) {
    return `seq=${String(seq)} no answer: ${visibleLine(error?.message ?? "")}\n`;
  }
  const server = serverMs === undefined ? "" : ` server=${milliseconds(serverMs)}`;
  const cached = cache === undefined ? "" : ` cache=${visibleLine(cache)}`;
  return `seq=${String(seq)} status=${String(status)} time=${milliseconds(timeMs)}${server}${cached}\n`;
}

/** What all answers come to. */
interface Summary {
  readonly sent: number;
  readonly answered: number;
  /** The time of the first answer, which opened the connection. */
  readonly firstMs: number | undefined;
  /** The times of the others. */
  readonly times: Times | undefined;
}

/** The last lines: how many answers, what the first took, which opened the connection, and how long the others. */
export function summaryText({ sent, answered, firstMs, times }: Summary): string {
  const counts = `${String(sent)} sent, ${String(answered)} answered\n`;
  const first = firstMs === undefined ? "" : `first, which opened the connection: ${milliseconds(firstMs)}\n`;
  if (times === undefined) return counts + first;
  const words = Object.entries(times).map(([name, ms]) => `${name} ${milliseconds(ms as number)}`);
  return `${counts}${first}others: ${words.join(", ")}\n`;
}

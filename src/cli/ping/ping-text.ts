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
  if (error !== undefined || timeMs === undefined) {
    return `seq=${String(seq)} no answer: ${visibleLine(error?.message ?? "")}\n`;
  }
  const server = serverMs === undefined ? "" : ` server=${milliseconds(serverMs)}`;
  const cached = cache === undefined ? "" : ` cache=${visibleLine(cache)}`;
  return `seq=${String(seq)} status=${String(status)} time=${milliseconds(timeMs)}${server}${cached}\n`;
}

/** The last line: how many answers, and how long they took. */
export function summaryText(sent: number, received: number, times: Times | undefined): string {
  const counts = `${String(sent)} sent, ${String(received)} answered`;
  if (times === undefined) return `${counts}\n`;
  const words = Object.entries(times).map(([name, ms]) => `${name} ${milliseconds(ms as number)}`);
  return `${counts}: ${words.join(", ")}\n`;
}

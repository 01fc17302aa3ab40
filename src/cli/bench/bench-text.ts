import { visibleLine } from "../../client/visible-text.ts";
import { milliseconds } from "../ping/ping-text.ts";
import { serverLetter, type BenchResult } from "./bench.ts";
import type { Latency } from "./latencies.ts";
import type { Ratio } from "./ratios.ts";
import type { ServerResult, Verification } from "./result.ts";
import { READER_MODES } from "./settings.ts";

/** Above this, what is measured is how fast this process is. */
const BUSY = 0.9;

const COLUMNS = ["p50", "p90", "p99", "p999", "max"] as const;
const HEADS = ["p50", "p90", "p99", "p99.9", "max"];
const NAME_WIDTH = 22;
const COLUMN_WIDTH = 10;

const count = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)}${cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join("")}\n`;
}

function latencyRow(name: string, latency: Latency | undefined): string {
  return latency === undefined
    ? ""
    : row(
        name,
        COLUMNS.map((column) => milliseconds(latency[column])),
      );
}

/** The whole report, for people. */
export function benchText(result: BenchResult): string {
  const { servers, ratios, toolBusy, interrupted } = result;
  const parts = servers.map((server, index) =>
    serverText(server, servers.length > 1 ? `${serverLetter(index)}: ` : ""),
  );
  if (ratios !== undefined) parts.push(ratiosText(ratios));
  if (toolBusy >= BUSY) {
    parts.push(
      `This process was at work ${String(Math.round(toolBusy * 100))}% of the time: the figures are rather its own. Use a lower --rate, fewer readers, or several processes.\n`,
    );
  }
  if (interrupted) parts.push("Interrupted: these are the figures until then.\n");
  return parts.join("\n");
}

function serverText(result: ServerResult, label: string): string {
  const { stream, seconds, appends, deliveries, errors, verification } = result;
  const megabytes = (appends.bytesPerSecond / 1_000_000).toFixed(2);
  const rates = `${count(appends.perSecond)} appends/s, ${count(appends.messagesPerSecond)} messages/s, ${megabytes} MB/s`;
  const lines = [
    `${label}${visibleLine(stream)}\n`,
    `${count(appends.count)} appends in ${seconds.toFixed(1)} s: ${rates}\n`,
  ];
  const { unsent = 0 } = appends;
  if (unsent > 0)
    lines.push(
      `${count(unsent)} more were due and not sent in time: the rate is too high for this server, or for so few --writers.\n`,
    );
  lines.push(row("", HEADS), latencyRow("append", appends.service), latencyRow("append since due", appends.intended));
  for (const mode of READER_MODES) {
    const delivery = deliveries[mode];
    if (delivery === undefined) continue;
    lines.push(latencyRow(`delivery, ${String(delivery.readers)} ${mode}`, delivery.latency));
  }
  for (const [name, times] of Object.entries(errors)) lines.push(`error ${visibleLine(name)}: ${count(times)}\n`);
  lines.push(verificationText(verification, Object.values(deliveries)));
  return lines.join("");
}

function verificationText(verification: Verification, deliveries: readonly { readonly readers: number }[]): string {
  const { ok, messages, violations, first, unverified, foreign } = verification;
  const readers = deliveries.reduce((sum, each) => sum + each.readers, 0);
  const others = foreign > 0 ? `${count(foreign)} messages of others were passed over.\n` : "";
  const unknown =
    unverified > 0
      ? `${count(unverified)} messages had not reached their readers when it ended, which proves nothing.\n`
      : "";
  if (readers === 0) return "not verified: nothing was read\n";
  if (ok) {
    const who = readers === 1 ? "the reader" : `each of ${count(readers)} readers`;
    return `verified: ${who} got every message once, in order and intact (${count(messages)} in all)\n${unknown}${others}`;
  }
  const kinds = Object.entries(violations).filter(([, times]) => times > 0);
  const counts = kinds.map(([kind, times]) => `${count(times)} ${kind}`).join(", ");
  const named = first === undefined ? "" : `first: reader ${first.reader}: ${first.detail}\n`;
  return `VERIFICATION FAILED: ${counts}, of ${count(messages)} messages\n${named}${unknown}${others}`;
}

function ratiosText(ratios: Readonly<Record<string, Ratio>>): string {
  const rows = Object.entries(ratios).map(([name, { median, min, max }]) =>
    row(name, [`${median.toFixed(2)}x`, `${min.toFixed(2)}x`, `${max.toFixed(2)}x`]),
  );
  const rounds = Object.values(ratios)[0]?.rounds ?? 0;
  const title = `B to A, over ${String(rounds)} rounds`;
  return `${row(title.padEnd(NAME_WIDTH), ["median", "lowest", "highest"])}${rows.join("")}`;
}

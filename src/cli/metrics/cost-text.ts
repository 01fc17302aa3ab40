import { visibleLine } from "../../client/visible-text.ts";
import { columns } from "./columns.ts";
import type { Cost } from "./cost.ts";
import { wholeText } from "./metrics-text.ts";
import type { Price } from "./prices.ts";

/** The estimate for people, and after it what is not in it. */
export function costText(cost: Cost): string {
  const { items, totalUsd, pricesOf, estimated, notEstimated, notCounted } = cost;
  const rows = items.map((item) => [item.unit, wholeText(item.count), priceText(item), dollars(item.costUsd)]);
  const table = columns([["COST", "COUNT", "PRICE", "USD"], ...rows, ["total", "", "", dollars(totalUsd)]], 1);
  const sentences = [
    `An estimate, at Cloudflare's prices of ${pricesOf}. What a plan includes is not subtracted.`,
    estimated.length === 0
      ? undefined
      : `In it: ${visibleLine(estimated.join(", "))}, each with the most rows that it may write.`,
    notEstimated.length === 0 ? undefined : `Not in it: ${visibleLine(notEstimated.join(", "))}.`,
    "Not in it either: rows that reads read, rows that sealing removes (one written each), the requests and the CPU of the Workers plan.",
    `Billed too, and not measured: ${notCounted.map((price) => `${price.unit} (${priceText(price)})`).join(", ")}.`,
  ];
  const said = sentences.filter((sentence) => sentence !== undefined).map((sentence) => `${sentence}\n`);
  return `${table}${said.join("")}`;
}

function priceText({ usd, per }: Price): string {
  const amount = `$${usd < 0.01 ? String(usd) : usd.toFixed(2)}`;
  return per === 1 ? `${amount} each` : `${amount} per million`;
}

/** Cents are too coarse for what small servers cost. */
function dollars(usd: number): string {
  return usd.toFixed(usd < 1 ? 6 : 2);
}

import type { PlanAction, PlanItem } from "./plan-item.ts";
import { isChange, type Plan } from "./plan.ts";

const SIGNS: Readonly<Record<PlanAction, string>> = { create: "+", change: "~", remove: "-", keep: " " };

/** What people call the kinds of items. */
export const ITEM_WORDS: Readonly<Record<PlanItem["kind"], string>> = {
  "r2-bucket": "R2 bucket",
  "kv-namespace": "KV namespace",
  worker: "Worker",
  migration: "migration",
  binding: "binding",
  variable: "variable",
  secret: "secret",
  address: "address",
  setting: "setting",
};

/** A part of a deployment, behind a sign of one character. */
export function itemLine({ kind, name, detail }: Pick<PlanItem, "kind" | "name" | "detail">, sign: string): string {
  return `  ${sign} ${ITEM_WORDS[kind].padEnd(13)} ${name}${detail === undefined ? "" : `  (${detail})`}`;
}

/** The plan for people: a line for each item that changes, or for each there is. */
export function planText({ items, changes }: Plan, everything: boolean): string {
  const shown = everything ? items : items.filter(isChange);
  const kept = items.length - shown.length;
  const lines = shown.map((item) => itemLine(item, SIGNS[item.action]));
  const rest = kept === 0 ? "" : `, ${String(kept)} as they are`;
  return [`Plan: ${String(changes)} ${changes === 1 ? "change" : "changes"}${rest}.`, ...lines].join("\n");
}

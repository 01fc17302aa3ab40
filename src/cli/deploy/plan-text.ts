import { isChange, type Plan, type PlanAction, type PlanItem } from "./plan.ts";

const SIGNS: Readonly<Record<PlanAction, string>> = { create: "+", change: "~", remove: "-", keep: " " };

const WORDS: Readonly<Record<PlanItem["kind"], string>> = {
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

/** The plan for people: a line for each item that changes, or for each there is. */
export function planText({ items, changes }: Plan, everything: boolean): string {
  const shown = everything ? items : items.filter(isChange);
  const kept = items.length - shown.length;
  const lines = shown.map(
    ({ kind, name, action, detail }) =>
      `  ${SIGNS[action]} ${WORDS[kind].padEnd(13)} ${name}${detail === undefined ? "" : `  (${detail})`}`,
  );
  const rest = kept === 0 ? "" : `, ${String(kept)} as they are`;
  return [`Plan: ${String(changes)} ${changes === 1 ? "change" : "changes"}${rest}.`, ...lines].join("\n");
}

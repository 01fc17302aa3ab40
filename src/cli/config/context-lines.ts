import { visibleLine } from "../../client/visible-text.ts";
import type { SavedCredentials } from "./saved-credentials.ts";

interface ContextRow {
  readonly name: string;
  readonly url: string;
  readonly project: string | undefined;
  readonly active: boolean;
  readonly saved: SavedCredentials;
}

const HEADING = ["", "NAME", "URL", "PROJECT", "CREDENTIALS"];

function credentialWords({ signingKey, hasToken, operatorKey }: SavedCredentials): string {
  const words = [
    signingKey === undefined ? undefined : "secret",
    hasToken ? "token" : undefined,
    operatorKey === undefined ? undefined : "operator secret",
  ];
  return words.filter((word) => word !== undefined).join(", ") || "-";
}

/** All contexts, a line each below a heading; nothing for none. */
export function contextsTable(rows: readonly ContextRow[]): string {
  if (rows.length === 0) return "";
  const cells = rows.map(({ name, url, project, active, saved }) =>
    [active ? "*" : "", name, url, project ?? "-", credentialWords(saved)].map(visibleLine),
  );
  const table = [HEADING, ...cells];
  const widths = HEADING.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  return table.map((row) => `${line(row).trimEnd()}\n`).join("");
}

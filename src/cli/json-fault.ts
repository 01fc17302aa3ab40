import { scanJson } from "../protocol/json-scanner.ts";

/** Where a text stops to be JSON, and why, to follow a colon; `undefined` if it is JSON. */
export function jsonFault(text: Uint8Array): string | undefined {
  const scan = scanJson(text, Infinity);
  return scan.kind === "invalid" ? `at byte ${String(scan.at)}, ${scan.problem}` : undefined;
}

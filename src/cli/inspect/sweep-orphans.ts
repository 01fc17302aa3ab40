import type { OperatorClient } from "../../client/operator.ts";
import type { Verification } from "./findings.ts";

/** Has the objects removed that a verification found in no row of the manifest; what was removed is no finding any more. */
export async function sweepOrphans(
  operator: OperatorClient,
  url: string,
  verification: Verification,
  signal?: AbortSignal,
): Promise<Verification> {
  const hasOrphans = verification.findings.some(({ code }) => code === "ORPHAN_OBJECT");
  const swept = hasOrphans ? await operator.sweep(url, signal) : [];
  const findings = verification.findings.filter(
    ({ code, key }) => code !== "ORPHAN_OBJECT" || key === undefined || !swept.includes(key),
  );
  return { ...verification, ok: findings.length === 0, findings, swept };
}

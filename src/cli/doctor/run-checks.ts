import { reportError } from "../error-report.ts";
import { type Check, failed, type Finding, SkippedCheck } from "./check.ts";

/** How long one check may take: Cloudflare's API is asked four times where it is silent. */
const CHECK_TIMEOUT_MS = 60_000;

/** What came of a check; what `--json` prints of it. */
export interface CheckResult extends Omit<Finding, "fix"> {
  readonly name: string;
  /** `--fix` would mend it. */
  readonly fixable: boolean;
  /** `--fix` has mended it: `detail` says how. */
  readonly fixed: boolean;
}

interface RunOptions {
  readonly fix: boolean;
  readonly signal: AbortSignal;
  /** Gets the results in the order of the checks, each as soon as it is there and those before it are. */
  readonly onResult: (result: CheckResult) => Promise<void>;
  /** Default: {@link CHECK_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** Makes all checks at once. None of them can end the others: not by failing, not by hanging. */
export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<readonly CheckResult[]> {
  const { signal, onResult } = options;
  const running = checks.map((check) => resultOf(check, options));
  const results: CheckResult[] = [];
  for (const result of running) {
    results.push(await result);
    signal.throwIfAborted();
    await onResult(await result);
  }
  return results;
}

async function resultOf(check: Check, { fix, signal, timeoutMs = CHECK_TIMEOUT_MS }: RunOptions): Promise<CheckResult> {
  const found = await withinTime(() => check.look(), timeoutMs, signal);
  const { fix: mend, ...told } = found;
  const { name } = check;
  if (mend === undefined || !fix) return { name, ...told, fixable: mend !== undefined, fixed: false };
  const mended = await withinTime(async () => ({ state: "ok", detail: await mend() }), timeoutMs, signal);
  const { state, detail } = mended;
  return state === "ok"
    ? { name, state, detail, fixable: true, fixed: true }
    : { name, ...told, detail: `${told.detail} It could not be mended: ${detail}`, fixable: true, fixed: false };
}

/** What is found; a check that throws, or takes too long, has failed. An interruption ends the wait at once. */
async function withinTime(look: () => Promise<Finding>, timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);
  return new Promise((resolve) => {
    const end = (): void => {
      resolve(failed(`It took longer than ${String(timeoutMs / 1000)} s, and was given up.`, "Check the network."));
    };
    over.addEventListener("abort", end, { once: true });
    void look()
      .catch(findingOf)
      .then((finding) => {
        over.removeEventListener("abort", end);
        resolve(finding);
      });
  });
}

function findingOf(error: unknown): Finding {
  if (error instanceof SkippedCheck) return { state: "skipped", detail: error.message, mend: error.mend };
  const { message, hint } = reportError(error);
  return failed(message, hint);
}

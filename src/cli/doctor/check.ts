import { CommandFailure } from "../command-failure.ts";

export type CheckState = "ok" | "warning" | "failed" | "skipped";

/** What a check has found. */
export interface Finding {
  readonly state: CheckState;
  /** A sentence; of a skipped check why it was not made. Never a secret. */
  readonly detail: string;
  /** The command, or whatever else it takes, that puts it right. */
  readonly mend?: string | undefined;
  /** Puts it right where that is harmless, and says what it did. */
  readonly fix?: (() => Promise<string>) | undefined;
}

/** One thing to look at. What `look` throws makes the check a failed one. */
export interface Check {
  /** Stable: scripts look for it. */
  readonly name: string;
  readonly look: () => Promise<Finding>;
}

/** Thrown by a check that makes no sense here. */
export class SkippedCheck extends Error {
  override readonly name = "SkippedCheck";
  readonly mend: string | undefined;

  /** `why` is a sentence. */
  constructor(why: string, mend?: string) {
    super(why);
    this.mend = mend;
  }
}

export function ok(detail: string): Finding {
  return { state: "ok", detail };
}

export function warning(detail: string, mend?: string): Finding {
  return { state: "warning", detail, mend };
}

export function failed(detail: string, mend?: string): Finding {
  return { state: "failed", detail, mend };
}

/** What another check looks after: where that fails, this one is skipped, so that one mistake is told once. */
export async function needs<T>(fact: Promise<T>, whyNot: string): Promise<T> {
  try {
    return await fact;
  } catch (error) {
    throw error instanceof SkippedCheck ? error : new SkippedCheck(whyNot, undefined);
  }
}

/** Something that is found out once, by whoever asks first. */
export function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    if (found === undefined) {
      found = find();
      // Whoever asks hears of the failure; a check that ran out of time may not.
      found.catch(() => undefined);
    }
    return found;
  };
}

/** Whether a failure has this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof CommandFailure && error.code === code;
}

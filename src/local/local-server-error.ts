/** What went wrong, for programs; the message says it for people. */
export type LocalServerErrorCode =
  | "host_not_loopback"
  | "host_unknown"
  | "port_in_use"
  | "port_not_usable"
  | "variable_reserved"
  | "folder_in_use"
  | "folder_not_ours"
  | "folder_guarded"
  | "folder_too_new"
  | "folder_is_file"
  | "folder_not_usable"
  | "secrets_not_usable"
  | "worker_missing"
  | "runtime_failed"
  | "worker_failed";

/** The embedded server could not start. */
export class LocalServerError extends Error {
  override readonly name = "LocalServerError";
  readonly code: LocalServerErrorCode;
  /** What was wrong, with the value at fault: one sentence. */
  readonly problem: string;
  /** What to do about it: one sentence or two. */
  readonly remedy: string;

  constructor(code: LocalServerErrorCode, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${problem} ${remedy}`, options);
    this.code = code;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, …), or undefined when `error` is something else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

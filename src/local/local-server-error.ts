/** What went wrong, for programs; the message says it for people. */
export type LocalServerErrorCode =
  | "host_not_loopback"
  | "port_in_use"
  | "port_not_usable"
  | "variable_reserved"
  | "folder_in_use"
  | "folder_not_ours"
  | "folder_too_new"
  | "folder_not_usable"
  | "worker_missing"
  | "runtime_failed";

/** The embedded server could not start. The message names the value at fault and what to do about it. */
export class LocalServerError extends Error {
  override readonly name = "LocalServerError";
  readonly code: LocalServerErrorCode;

  constructor(code: LocalServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, …), or undefined when `error` is something else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

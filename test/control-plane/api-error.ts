/** An answer of Cloudflare's API that is no success: its HTTP status, its number and its sentence. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What every error looks like on the wire. */
export function errorBody({ code, message }: { code: number; message: string }): Record<string, unknown> {
  return { success: false, errors: [{ code, message }], messages: [], result: null };
}

export const noSuchWorker = (): ApiError => new ApiError(404, 10007, "This Worker does not exist on your account.");

import { ClientError } from "./client-error.ts";

/** 401 or 403: no token, or one that does not allow this. */
export class AccessDeniedError extends ClientError {
  override readonly kind = "not-allowed";
  override readonly hint =
    "Give a token that is valid for this project and allows this operation (--token or DURABLE_STREAMS_TOKEN).";
}

/** What a refusal means to people, before anything else is said of it. */
export function denial(status: number | undefined): string {
  return status === 403 ? "Not allowed" : "Not authenticated";
}

import type { ProtocolError } from "./errors.ts";

/** What parsing a piece of a request gives: the value, or the error to answer with. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ProtocolError };

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function failed(error: ProtocolError): { readonly ok: false; readonly error: ProtocolError } {
  return { ok: false, error };
}

import { protocolError, quote, type ProtocolError } from "./errors.ts";

/** Content types as sections 5.2, 5.8 and 9 use them. */

/** What a stream gets when its creation names no type (section 5.1). */
export const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/** How a stream's bytes are divided and shown: JSON messages, text, or plain bytes. */
export type ContentKind = "json" | "text" | "binary";

/** Type and subtype without parameters, lower-cased: what two content types are compared by. */
export function mediaType(contentType: string): string {
  const parameters = contentType.indexOf(";");
  return (parameters === -1 ? contentType : contentType.slice(0, parameters)).trim().toLowerCase();
}

/** `application/json` alone has message semantics (section 9.1); `text/*` travels as text in SSE, all else as base64. */
export function contentKind(contentType: string): ContentKind {
  const type = mediaType(contentType);
  if (type === "application/json") return "json";
  return type.startsWith("text/") ? "text" : "binary";
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}$`);
const PLAIN_TEXT = /^[\t\x20-\x7e]*$/;

/** Whether a value has the shape `type/subtype` of RFC 9110, section 8.3.1; parameters may be any text of ASCII. */
export function isContentType(contentType: string): boolean {
  return MEDIA_TYPE.test(mediaType(contentType)) && PLAIN_TEXT.test(contentType);
}

export function contentTypeInvalid(contentType: string): ProtocolError {
  return protocolError(
    "INVALID_CONTENT_TYPE",
    `Content-Type is ${quote(contentType)}; it must look like application/json or text/plain; charset=utf-8.`,
  );
}

/** Two content types match when their media types do: letter case and parameters such as `charset` do not matter. */
export function sameContentType(left: string, right: string): boolean {
  return mediaType(left) === mediaType(right);
}

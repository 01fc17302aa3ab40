/** What the model speaks in: what is asked of a stream, and the answers that are right. */

export interface Expected {
  readonly status: number;
  /** Headers the answer must have; `null` for those it must not have. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  /** `error.code` of the body. */
  readonly code?: string;
}

export interface Tuple {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface ModelConfig {
  readonly contentType: string;
  readonly ttlSeconds: number | undefined;
  readonly public: boolean;
  readonly closed: boolean;
}

/** Where a fork says that it comes from; without an offset, from wherever its source ends. */
export interface WantedOrigin {
  readonly source: string;
  readonly offset: number | undefined;
  readonly subOffset: number;
}

/** What a creation asks for. About visibility it may say nothing, and that of a fork about more. */
export interface WantedConfig {
  readonly contentType: string | undefined;
  readonly ttlSeconds: number | undefined;
  readonly public: boolean | undefined;
  readonly closed: boolean;
  readonly origin?: WantedOrigin;
}

export interface ModelAppend {
  /** Content type of the request; absent where the request has none. */
  readonly contentType: string | undefined;
  /** The texts of the messages (JSON) or one piece of text (everything else); `invalid` is a body that is no JSON. */
  readonly messages: readonly string[] | "invalid";
  readonly hasBody: boolean;
  readonly producer: Tuple | undefined;
  readonly streamSeq: string | undefined;
  readonly close: boolean;
}

export interface ModelRead {
  readonly expected: Expected;
  readonly next: number;
}

/** Where an answer may end when the server divides it: any position between messages (JSON), any at all (bytes). */
export type ChunkEnd = number | "tail";

export const STREAM_GONE: Expected = { status: 410, code: "STREAM_GONE" };
export const INVALID_JSON: Expected = { status: 400, code: "INVALID_JSON" };
export const NOT_THERE: Expected = { status: 404, code: "STREAM_NOT_FOUND" };

/** What an append gets whatever the stream is, and whether there is one. */
export function refuseEmpty({ hasBody, close }: ModelAppend): Expected | undefined {
  return hasBody || close ? undefined : { status: 400, code: "EMPTY_BODY" };
}

export function offsetOf(position: number): string {
  return `0000000000000000_${String(position).padStart(16, "0")}`;
}

export function mediaType(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

import type { StreamContext } from "../context.ts";
import { respondInspection } from "./inspection.ts";
import { respondObjects } from "./objects.ts";
import { respondSegment } from "./segment.ts";
import { respondSegments } from "./segments.ts";
import { respondSweep } from "./sweep.ts";

interface Subject {
  readonly method: "GET" | "POST";
  readonly respond: (context: StreamContext) => Promise<Response>;
}

/** What operators can ask or have done about a stream, by the names in the URLs. */
export const STREAM_SUBJECTS = {
  inspect: { method: "GET", respond: respondInspection },
  segments: { method: "GET", respond: respondSegments },
  segment: { method: "GET", respond: respondSegment },
  objects: { method: "GET", respond: respondObjects },
  sweep: { method: "POST", respond: respondSweep },
} as const satisfies Record<string, Subject>;

export type StreamSubject = keyof typeof STREAM_SUBJECTS;

export function isStreamSubject(name: string): name is StreamSubject {
  return Object.hasOwn(STREAM_SUBJECTS, name);
}

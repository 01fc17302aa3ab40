import { BODY_MAX_BYTES, LIVE_READERS_MAX } from "../../protocol/limits.ts";
import type { ProjectSettings } from "../../protocol/project.ts";

/** The limits that hold for one request. */
export interface RequestLimits {
  /** Largest body, in bytes. Past it: 413 `BODY_TOO_LARGE`. */
  readonly bodyMaxBytes: number;
  /** Most live readers of its stream. Past it: 429 `TOO_MANY_READERS`. */
  readonly readersMax: number;
  /** Most streams of its project, `undefined` for any number. Past it: 409 `TOO_MANY_STREAMS`. */
  readonly streamsMax: number | undefined;
}

/** The server's limits, or the project's where those are less. */
export function requestLimits(settings: ProjectSettings | undefined): RequestLimits {
  return {
    bodyMaxBytes: Math.min(settings?.bodyMaxBytes ?? BODY_MAX_BYTES, BODY_MAX_BYTES),
    readersMax: Math.min(settings?.readersMax ?? LIVE_READERS_MAX, LIVE_READERS_MAX),
    streamsMax: settings?.streamsMax,
  };
}

/** The settings of a request's project, looked up when first asked for, and once. */
export class SettingsLookup {
  readonly #ask: () => Promise<ProjectSettings | undefined>;
  #answer: Promise<ProjectSettings | undefined> | undefined;

  constructor(ask: () => Promise<ProjectSettings | undefined>) {
    this.#ask = ask;
  }

  get wasAsked(): boolean {
    return this.#answer !== undefined;
  }

  /** What fails is in the log: then only the server's own limits hold, and no page of another origin gets anything. */
  get(): Promise<ProjectSettings | undefined> {
    this.#answer ??= this.#ask().catch((error: unknown) => {
      console.error(error);
      return undefined;
    });
    return this.#answer;
  }
}

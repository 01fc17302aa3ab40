import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Member } from "./member.ts";
import { offsetOf, type WantedConfig, type WantedOrigin } from "./model-answers.ts";
import type { ModelStream } from "./model-stream.ts";
import { invalidJson, randomContent } from "./random-content.ts";
import type { RequestedAppend } from "./requested-append.ts";
import type { Call } from "./stream-http.ts";

/** The creation of a fork as a run sends it. */
export interface RequestedFork {
  readonly source: Member;
  readonly wanted: WantedConfig & { readonly origin: WantedOrigin };
  readonly body: string;
  readonly messages: RequestedAppend["messages"];
}

const NOTHING = { body: "", messages: [] };

/** A fork at the source's tail that leaves everything else to the source. */
export function plainFork(source: Member): RequestedFork {
  const origin = { source: source.name, offset: undefined, subOffset: 0 };
  const wanted = { contentType: undefined, ttlSeconds: undefined, public: undefined, closed: false, origin };
  return { source, wanted, ...NOTHING };
}

export function randomFork(random: SeededRandom, source: Member): RequestedFork {
  const { stream } = source;
  const contentType = random.weighted({ left: 6, same: 2, other: 1 });
  const wanted = {
    contentType:
      contentType === "left"
        ? undefined
        : contentType === "same"
          ? sameType(random, stream)
          : random.pick(["application/json", "text/plain", "application/octet-stream"]),
    ttlSeconds: random.pick([undefined, undefined, undefined, 3600, 7200]),
    public: random.pick([undefined, undefined, true, false]),
    closed: random.chance(0.1),
    origin: randomOrigin(random, source),
  };
  const isJson = wanted.contentType === undefined ? (stream?.isJson ?? true) : /json/i.test(wanted.contentType);
  return { source, wanted, ...randomBody(random, isJson) };
}

function randomBody(random: SeededRandom, isJson: boolean): Pick<RequestedFork, "body" | "messages"> {
  const body = random.weighted({ none: 12, some: 8, empty: 1, invalid: 2 });
  if (body === "none") return NOTHING;
  if (!isJson || body === "some") return randomContent(random, isJson);
  return body === "empty" ? { body: "[]", messages: [] } : { body: invalidJson(random), messages: "invalid" };
}

function sameType(random: SeededRandom, stream: ModelStream | undefined): string {
  const own = stream?.config.contentType ?? "application/json";
  return random.chance(0.5) ? own : `${own.split(";")[0]?.toUpperCase() ?? ""};v=1`;
}

function randomOrigin(random: SeededRandom, { name, stream }: Member): WantedOrigin {
  const tail = stream?.tail ?? 3;
  const at = random.weighted({ left: 4, inside: 8, start: 1, end: 1, beyond: 1 });
  const offsets = {
    left: undefined,
    inside: random.int(0, tail),
    start: 0,
    end: tail,
    beyond: tail + random.int(1, 5),
  };
  const offset = offsets[at];
  const rest = Math.max(0, tail - (offset ?? tail));
  const past = random.weighted({ nothing: 10, some: 6, all: 1, tooMuch: 1 });
  const subOffsets = { nothing: 0, some: random.int(0, rest), all: rest, tooMuch: rest + random.int(1, 3) };
  return { source: name, offset, subOffset: subOffsets[past] };
}

export function toForkCall(random: SeededRandom, { source, wanted, body }: RequestedFork): Call {
  const { contentType, ttlSeconds, origin } = wanted;
  const headers: Record<string, string> = { "Stream-Forked-From": random.pick(source.paths) };
  if (origin.offset !== undefined) headers["Stream-Fork-Offset"] = offsetOf(origin.offset);
  if (origin.subOffset > 0 || random.chance(0.3)) headers["Stream-Fork-Sub-Offset"] = String(origin.subOffset);
  if (contentType !== undefined) headers["Content-Type"] = contentType;
  if (ttlSeconds !== undefined) headers["Stream-TTL"] = String(ttlSeconds);
  if (wanted.closed) headers["Stream-Closed"] = "true";
  const query = wanted.public === undefined ? "" : `?public=${String(wanted.public)}`;
  return { method: "PUT", query, headers, body };
}

/** Headers that make no fork, by the code that says so; `source` is the path of one that could be forked. */
export function malformedFork(random: SeededRandom, source: string): { code: string; headers: Record<string, string> } {
  const from = { "Stream-Forked-From": source };
  switch (random.pick(["source", "offset", "subOffset", "alone"])) {
    case "source": {
      const path = random.pick([
        source.slice(1),
        `/${source}`,
        `${source}?a=1`,
        "",
        "/",
        "/v1/health",
        `http://a${source}`,
      ]);
      return { code: "INVALID_FORK_SOURCE", headers: { "Stream-Forked-From": path } };
    }
    case "offset": {
      const offset = random.pick(["", "0", "-1", "now", "1_2", `${offsetOf(0)}0`, "9007199254740993_0000000000000000"]);
      return { code: "INVALID_FORK_OFFSET", headers: { ...from, "Stream-Fork-Offset": offset } };
    }
    case "subOffset": {
      const subOffset = random.pick(["", "-1", "01", "1.5", "1e3", "x", "9007199254740993"]);
      return { code: "INVALID_FORK_SUB_OFFSET", headers: { ...from, "Stream-Fork-Sub-Offset": subOffset } };
    }
    default: {
      const name = random.pick(["Stream-Fork-Offset", "Stream-Fork-Sub-Offset"]);
      return { code: "FORK_HEADERS_ALONE", headers: { [name]: name.includes("Sub") ? "0" : offsetOf(0) } };
    }
  }
}

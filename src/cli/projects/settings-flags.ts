import { boolean, integer, string } from "@oclif/core/flags";
import { BODY_MAX_BYTES, LIVE_READERS_MAX, PROJECT_STREAMS_MAX } from "../../protocol/limits.ts";
import { parseSettings, type SettingsChange } from "../../protocol/project.ts";
import { usageFailure } from "../command-failure.ts";

/** Flags that say what holds for a project. */
export const SETTINGS_FLAGS = {
  "cors-origin": string({
    summary: "Let pages of this origin use the project, such as https://app.example; * is every one. May be repeated.",
    helpValue: "ORIGIN",
    multiple: true,
    multipleNonGreedy: true,
  }),
  "body-max-bytes": integer({
    summary: "Largest body of one request.",
    helpValue: "N",
    min: 1,
    max: BODY_MAX_BYTES,
  }),
  "readers-max": integer({
    summary: "Most live readers of one stream.",
    helpValue: "N",
    min: 1,
    max: LIVE_READERS_MAX,
  }),
  "streams-max": integer({
    summary: "Most streams that there may be at a time.",
    helpValue: "N",
    aliases: ["max-streams"],
    min: 1,
    max: PROJECT_STREAMS_MAX,
  }),
};

/** Flags that take a setting away again. */
export const UNSETTING_FLAGS = {
  "no-cors": boolean({ summary: "Let pages of no origin use it.", exclusive: ["cors-origin"] }),
  "no-body-max": boolean({ summary: "Only the server's own limit for bodies holds.", exclusive: ["body-max-bytes"] }),
  "no-readers-max": boolean({ summary: "Only the server's own limit for readers holds.", exclusive: ["readers-max"] }),
  "no-streams-max": boolean({ summary: "There may be any number of streams.", exclusive: ["streams-max"] }),
};

interface SettingsFlags {
  readonly "cors-origin"?: readonly string[] | undefined;
  readonly "body-max-bytes"?: number | undefined;
  readonly "readers-max"?: number | undefined;
  readonly "streams-max"?: number | undefined;
  readonly "no-cors"?: boolean;
  readonly "no-body-max"?: boolean;
  readonly "no-readers-max"?: boolean;
  readonly "no-streams-max"?: boolean;
}

/** What the flags change; settings that they do not name stay as they are. */
export function settingsOf(flags: SettingsFlags): SettingsChange {
  const origins = flags["no-cors"] === true ? [] : flags["cors-origin"];
  const bodyMaxBytes = flags["no-body-max"] === true ? null : flags["body-max-bytes"];
  const readersMax = flags["no-readers-max"] === true ? null : flags["readers-max"];
  const streamsMax = flags["no-streams-max"] === true ? null : flags["streams-max"];
  const change: SettingsChange = {
    ...(origins === undefined ? {} : { corsOrigins: [...new Set(origins)] }),
    ...(bodyMaxBytes === undefined ? {} : { bodyMaxBytes }),
    ...(readersMax === undefined ? {} : { readersMax }),
    ...(streamsMax === undefined ? {} : { streamsMax }),
  };
  const read = parseSettings(change);
  if (!read.ok) throw usageFailure(read.error.message);
  return change;
}

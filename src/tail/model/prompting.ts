import { createHash } from "node:crypto";
import { parseFilter } from "../filter/parse-filter.ts";
import { counted } from "../../client/figures.ts";
import { editedBy, withTyped } from "../../screen/typed-line.ts";
import { relisted } from "./choose.ts";
import { jumped, oneStream, toldOfTrial, type Step } from "./jump.ts";
import { revealed } from "./layout.ts";
import type { Message } from "./message.ts";
import { searchedFor } from "./searching.ts";
import { selectedMessage, type Before, type Prompt, type ViewState } from "./state.ts";

export function prompted(state: ViewState, kind: Prompt["kind"], text = ""): ViewState {
  const { search, filter, reading, selected, top } = state;
  const before: Before = { search, filter, reading, selected, top };
  return { ...state, notice: undefined, prompt: { kind, text, note: undefined, before } };
}

/** Of a hash in a file's name: enough to tell a stream's messages apart. */
const HASH_DIGITS = 8;

/** Which message it is, the same whenever and from wherever it is read: its place in the stream, or else its content. */
function whichOf({ position, bytes }: Message): string {
  if (position !== undefined) return String(position);
  return createHash("sha256").update(bytes).digest("hex").slice(0, HASH_DIGITS);
}

/** A name for a file of the message: of its stream, and which it is. */
export function fileNameFor(state: ViewState): string {
  const message = selectedMessage(state);
  if (message === undefined) return "";
  const name = state.streams[message.stream]?.name.split("/").at(-1) ?? "message";
  const ending = { json: "json", text: "txt", binary: "bin" }[message.kind];
  return `${name.replace(/[^\w.-]/g, "_")}-${whichOf(message)}.${ending}`;
}

/** Back to what was before the typing began; what has arrived meanwhile stays. */
function cancelled(state: ViewState, { kind, before }: Prompt): ViewState {
  const closed = { ...state, prompt: undefined };
  if (kind === "save") return closed;
  if (kind === "offset") return { ...closed, trial: undefined };
  const reading = before.reading.mode === state.reading.mode ? state.reading : before.reading;
  return relisted({ ...closed, ...before, reading });
}

/** The text has changed: a search and a filter show at once what they find. */
function typed(state: ViewState, prompt: Prompt, text: string): ViewState {
  const open = { ...prompt, text, note: undefined };
  switch (prompt.kind) {
    case "offset":
      // What was asked for is not meant any longer.
      return { ...state, prompt: open, trial: undefined };
    case "save":
      return { ...state, prompt: open };
    case "search": {
      const { state: searching, found } = searchedFor({ ...cancelled(state, prompt), search: undefined }, open.text);
      const note = { text: counted(found, "match", "matches"), isProblem: found === 0 };
      return { ...searching, prompt: { ...open, note: open.text === "" ? undefined : note } };
    }
    case "filter": {
      const parsed = parseFilter(open.text);
      // What is half typed leaves the last whole filter standing.
      if (!parsed.ok) return { ...state, prompt: { ...open, note: { text: parsed.problem, isProblem: true } } };
      const filter = parsed.filter === undefined ? undefined : { text: open.text.trim(), filter: parsed.filter };
      const filtered = revealed(relisted({ ...state, filter }));
      const note = { text: `${counted(filtered.list.length, "message")} at hand`, isProblem: false };
      return { ...filtered, prompt: { ...open, note } };
    }
  }
}

/** Enter: what was typed is meant. */
function submitted(state: ViewState, prompt: Prompt): Step {
  const closed = { ...state, prompt: undefined };
  const text = prompt.text.trim();
  switch (prompt.kind) {
    case "search":
      return { state: closed };
    case "filter":
      return prompt.note?.isProblem === true ? { state } : { state: closed };
    case "offset": {
      const stream = oneStream(closed);
      if (text === "") return { state: closed };
      if (typeof stream !== "number") return { state: stream };
      // The prompt stays until it is known whether the stream can be read from there.
      const step = jumped(state, stream, text);
      return { ...step, state: toldOfTrial(step.state, "asking the server ...", false) };
    }
    case "save": {
      const message = selectedMessage(state);
      if (message === undefined || text === "") return { state: closed };
      // The prompt stays until it is known whether the file could be written.
      return { state, effect: { type: "save", message, path: prompt.text } };
    }
  }
}

/** A key while a line is typed. */
export function promptKey(state: ViewState, prompt: Prompt, key: string): Step {
  switch (key) {
    case "escape":
      return { state: cancelled(state, prompt) };
    case "return":
      return submitted(state, prompt);
    default: {
      const text = editedBy(prompt.text, key);
      if (text !== undefined) return { state: typed(state, prompt, text) };
      // With nothing left to erase, the prompt itself goes.
      return { state: key === "backspace" ? cancelled(state, prompt) : state };
    }
  }
}

/** Text for the prompt that is open. */
export function promptText(state: ViewState, prompt: Prompt, text: string): ViewState {
  return typed(state, prompt, withTyped(prompt.text, text));
}

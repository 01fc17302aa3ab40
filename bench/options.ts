import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Size } from "./types.ts";

export interface Options {
  readonly size: Size;
  /** Keys of scenarios, `start`, `rows`, `history`, `forks`, `listing`, `subscriptions` and `auth`; `undefined` for everything. */
  readonly only: readonly string[] | undefined;
  readonly json: boolean;
  /** Further Workers to measure beside ours, by name. */
  readonly also: ReadonlyMap<string, string>;
  readonly without: readonly string[];
}

const DEFAULT_SIZE: Size = {
  rounds: 5,
  loadMs: 900,
  scenarioMs: 26_000,
  starts: 9,
  forks: 10_000,
  subscriptions: 1000,
};
const QUICK_SIZE: Size = { rounds: 2, loadMs: 250, scenarioMs: 3_000, starts: 3, forks: 2_000, subscriptions: 50 };

export const USAGE = `npm run bench -- [--quick] [--only a,b] [--also NAME=FILE] [--without limit,ref] [--rounds N] [--json]

  --quick            less of everything, in under a minute: good for a first look, too noisy for a claim
  --only KEYS        scenarios a b c d h j e i k f g, "start" (start-up times), "rows" (what an operation costs),
                     "history" (reading from segments), "forks", "listing" (pages of streams), "subscriptions",
                     "auth" (what a token adds)
  --also NAME=FILE   measures another bundle of the Worker beside ours; may be repeated
  --without NAMES    leaves servers out: limit, ref
  --rounds N         rounds that count
  --json             prints the figures as one JSON document
`;

export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      also: { type: "string", multiple: true, default: [] },
      without: { type: "string", default: "" },
      rounds: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const size = values.quick ? QUICK_SIZE : DEFAULT_SIZE;
  return {
    size: values.rounds === undefined ? size : { ...size, rounds: positive(values.rounds), scenarioMs: Infinity },
    only: values.only?.split(","),
    json: values.json,
    also: new Map(values.also.map(nameAndFile)),
    without: values.without.split(","),
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--rounds takes a whole number from 1 on, not "${text}"`);
}

function nameAndFile(text: string): [string, string] {
  const [name, file] = text.split("=", 2);
  if (name === undefined || name === "" || file === undefined) throw new Error(`--also takes NAME=FILE, not "${text}"`);
  if (["limit", "ref", "ours"].includes(name)) throw new Error(`"${name}" is taken; choose another name`);
  return [name, resolve(file)];
}

import type { SeededRandom } from "../../support/seeded-random.ts";

/** What a writer sends: the text of the body, and the messages it stands for. */
export interface Content {
  readonly body: string;
  readonly messages: readonly string[];
}

const SCALARS = [
  "0",
  "-1.50",
  "1e400",
  "12345678901234567890",
  "true",
  "null",
  '""',
  '"\\u00e9\\ud83d"',
  '"]},["',
  '"\\\\"',
];

export function randomContent(random: SeededRandom, isJson: boolean): Content {
  if (!isJson) {
    const body = randomText(random);
    return { body, messages: [body] };
  }
  const space = (): string => (random.chance(0.2) ? random.pick([" ", "\n", "\t \r\n"]) : "");
  if (random.chance(0.4)) {
    const message = randomJson(random, 0);
    // A lone array would be taken apart.
    const isArray = message.startsWith("[");
    return { body: `${space()}${isArray ? `[${message}]` : message}${space()}`, messages: [message] };
  }
  const messages = Array.from({ length: random.int(1, random.chance(0.05) ? 300 : 6) }, () => randomJson(random, 0));
  const elements = messages.map((message) => `${space()}${message}${space()}`);
  return { body: `${space()}[${elements.join(",")}]${space()}`, messages };
}

/** Megabytes, so that rows are split and reads take several answers. */
export function largeContent(random: SeededRandom, isJson: boolean): Content {
  const piece = "abcdefghijklmnopqrstuvwxyz012345".slice(0, random.int(20, 32));
  const text = piece.repeat(random.int(30_000, 90_000));
  if (!isJson) return { body: text, messages: [text] };
  const messages = random.chance(0.5)
    ? [`"${text}"`]
    : Array.from({ length: random.int(2, 40) }, (_, i) => `"${String(i)}${text.slice(0, random.int(1, 100_000))}"`);
  return { body: `[${messages.join(",")}]`, messages };
}

export function invalidJson(random: SeededRandom): string {
  return random.pick(["{", "[1,", "[1,,2]", "nul", "[1] 2", '{"a":}', "01", '"\n"', "[1,2}", "\ufeff1"]);
}

function randomText(random: SeededRandom): string {
  const alphabet = ["a", "b", " ", "\n", "\r\n", "{", ",", "data: ", "\t", "z"];
  return Array.from({ length: random.int(1, 40) }, () => random.pick(alphabet)).join("");
}

function randomJson(random: SeededRandom, depth: number): string {
  if (depth > 3 || random.chance(0.6)) return random.pick(SCALARS);
  const members = Array.from({ length: random.int(0, 3) }, () => randomJson(random, depth + 1));
  if (random.chance(0.5)) return `[${members.join(random.pick([",", " , "]))}]`;
  return `{${members.map((member) => `"${random.pick(["a", "__proto__", "k"])}":${member}`).join(",")}}`;
}

import { visibleLine } from "../../client/visible-text.ts";
import { completedWord, readBashLine } from "./bash-line.ts";
import { loadCommandTree } from "./command-tree.ts";
import { type Offer, offersFor } from "./offers.ts";
import { isShell } from "./shells.ts";
import { valueOffers } from "./values.ts";

/** What a script is told: its own files, or these words. */
interface Answer {
  readonly kind: "words" | "files" | "folders";
  readonly offers: readonly Offer[];
}

/**
 * What a script gets to read: the kind of what may follow (`words`, `files`, `folders`), and an offer a line. Whatever fails
 * is no answer: nobody wants an error between two keys.
 *
 * bash sends its line up to the cursor and the end of it that will be replaced, the others their words without quotes.
 */
export async function completionAnswer(argv: readonly string[], packageRoot: string): Promise<string> {
  const [shell, ...rest] = argv;
  if (!isShell(shell)) return "";
  try {
    const lines =
      shell === "bash"
        ? await bashLines(rest, packageRoot)
        : linesOf(await answerTo(rest, packageRoot), shell === "zsh" ? zshLine : fishLine);
    return `${lines.join("\n")}\n`;
  } catch {
    return "words\n";
  }
}

async function answerTo(line: readonly string[], packageRoot: string): Promise<Answer> {
  const current = line.at(-1) ?? "";
  const {
    words,
    values,
    before,
    line: typed,
  } = offersFor(await loadCommandTree(packageRoot), line.slice(0, -1), current);
  if (values.from === "files" || values.from === "folders") return { kind: values.from, offers: [] };
  // Names of a server that is not there are none, and commands are offered all the same.
  const found = await valueOffers(values, current.slice(before.length), typed).catch(() => []);
  const offers = [...words, ...found.filter(isTypable).map((offer) => ({ ...offer, word: `${before}${offer.word}` }))];
  return { kind: "words", offers };
}

/** What a terminal would obey, or a command take for a flag, has no place on a command line. */
function isTypable({ word }: Offer): boolean {
  return visibleLine(word) === word && (!word.startsWith("-") || word === "-");
}

function linesOf({ kind, offers }: Answer, lineOf: (offer: Offer) => string): readonly string[] {
  return [kind, ...offers.map(lineOf)];
}

async function bashLines(
  [typed = "", replaced = ""]: readonly string[],
  packageRoot: string,
): Promise<readonly string[]> {
  const { words, last } = readBashLine(typed);
  // Without even the program's name, or where bash divides words in a way that nobody foresaw.
  if (words.length === 0 || !last.typed.endsWith(replaced)) return ["words"];
  const answer = await answerTo([...words.slice(1), last.text], packageRoot);
  const offers = answer.offers.filter(({ word }) => word.startsWith(last.text));
  return linesOf({ ...answer, offers }, ({ word }) => completedWord(last, replaced, word));
}

/** A colon divides word and explanation, so those of the word are marked. */
function zshLine({ word, about }: Offer): string {
  const marked = word.replace(/[\\:]/g, String.raw`\$&`);
  return about === undefined ? marked : `${marked}:${visibleLine(about)}`;
}

function fishLine({ word, about }: Offer): string {
  return about === undefined ? word : `${word}\t${visibleLine(about)}`;
}

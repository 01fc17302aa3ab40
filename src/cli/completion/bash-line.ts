/** The last word of a command line, which is still being typed. */
export interface OpenWord {
  /** As it stands there, with its quotes. */
  readonly typed: string;
  /** What a shell makes of it. */
  readonly text: string;
  /** The quote that is open at its end, if one is. */
  readonly quote: "'" | '"' | "";
}

export interface BashLine {
  /** The words before it, as a shell makes them. */
  readonly words: readonly string[];
  readonly last: OpenWord;
}

/** Inside double quotes a backslash keeps only these from meaning something. */
const ESCAPED_IN_DOUBLE = new Set(["$", "`", '"', "\\", "\n"]);

/**
 * Reads a command line up to the cursor as bash divides it into words. Bash's own division breaks words at colons and equals
 * signs, and leaves the quotes in. Nothing is expanded: `$HOME` stays these five characters.
 */
export function readBashLine(line: string): BashLine {
  const words: string[] = [];
  let [typed, text] = ["", ""];
  let quote: OpenWord["quote"] = "";
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote === "" && /\s/.test(character)) {
      if (typed !== "") words.push(text);
      [typed, text] = ["", ""];
      continue;
    }
    typed += character;
    if (character === "\\" && (quote === "" || (quote === '"' && ESCAPED_IN_DOUBLE.has(next)))) {
      typed += next;
      text += next;
      at++;
    } else if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else text += character;
  }
  return { words, last: { typed, text, quote } };
}

/** Everything that bash takes for itself, wherever in a word it stands. */
const SPECIAL = /[^\w@%+=:,./^-]/gu;
const SPECIAL_IN_DOUBLE = /[$`"\\]/g;

/** What is to be typed behind an open word so that bash reads `rest` there. Control characters are not for command lines. */
function continued(quote: OpenWord["quote"], rest: string): string {
  if (quote === "'") return rest.replaceAll("'", String.raw`'\''`);
  // No backslash keeps an exclamation mark inside double quotes from calling up history.
  if (quote === '"') return rest.replace(SPECIAL_IN_DOUBLE, String.raw`\$&`).replaceAll("!", `"'!'"`);
  return rest.replace(SPECIAL, (character) => (character > "\u007f" ? character : `\\${character}`));
}

/**
 * The word that bash is to put in the place of `replaced`, the end of the open word as bash sees it: what was typed stays as
 * it was typed, and the rest of `wanted` is quoted the same way.
 */
export function completedWord({ typed, text, quote }: OpenWord, replaced: string, wanted: string): string {
  const whole = `${typed}${continued(quote, wanted.slice(text.length))}`;
  return whole.slice(typed.length - replaced.length);
}

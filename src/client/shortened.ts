const SHOWN_CHARACTERS = 120;

/** What is left of a character that a cut went through. */
const HALF_A_CHARACTER = /\p{Surrogate}/gu;

/** Names and URLs can be a thousand characters long; in a sentence their beginning and end tell which one is meant. */
export function shortened(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  const half = SHOWN_CHARACTERS / 2;
  return `${text.slice(0, half)}…${text.slice(-half)}`.replace(HALF_A_CHARACTER, "");
}

/** Nothing that is typed here is longer; a paste of a whole file is a mistake. */
const TYPED_MAX_CHARACTERS = 1_000;

/** A typed line after a key that edits it; `undefined` for any other key, and where there is nothing left to erase. */
export function editedBy(text: string, key: string): string | undefined {
  switch (key) {
    case "backspace":
      return text === "" ? undefined : text.replace(/.$/u, "");
    case "ctrl-u":
      return "";
    case "ctrl-w":
      return text.replace(/\S*\s*$/, "");
    default:
      return undefined;
  }
}

/** A typed line with more at its end. */
export function withTyped(text: string, more: string): string {
  // eslint-disable-next-line no-control-regex -- a paste may bring anything
  return (text + more.replace(/[\u0000-\u001f\u007f]/g, "")).slice(0, TYPED_MAX_CHARACTERS);
}

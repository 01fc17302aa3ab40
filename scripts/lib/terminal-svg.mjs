// What a terminal showed, as an SVG: one picture, or several that follow each other like a film.
import stringWidth from "string-width";

/**
 * @typedef {object} Frame
 * @property {string} title            of the window
 * @property {readonly string[]} rows  as `tmux capture-pane -e` gives them: text with SGR sequences
 * @property {number} holdMs           how long it is shown
 */

/**
 * @typedef {object} Run  text of one look
 * @property {number} column
 * @property {string} text
 * @property {readonly string[]} classes
 */

const CELL = { width: 8, height: 17 };
const MARGIN = { x: 14, top: 38, bottom: 12 };
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** Colours by the reader's own theme: an image in a page follows the browser's, whatever the page looks like. */
const STYLE = `
.w{fill:#fbfbfa;stroke:#c9c9c4}.t,.fg{fill:#2b2e33}.c{fill:#777b80}.black{fill:#2b2e33}.red{fill:#b3261e}.green{fill:#1d7238}
.yellow{fill:#8a5a00}.blue{fill:#1b5fbf}.magenta{fill:#8c2f9b}.cyan{fill:#0f6f7c}.white{fill:#5c6066}
.grey{fill:#6b7076}.bg{fill:#dfe3e8}.bold{font-weight:700}.dim{opacity:.62}.italic{font-style:italic}
.underline{text-decoration:underline}
@media(prefers-color-scheme:dark){.w{fill:#15181d;stroke:#3a3f46}.t,.fg{fill:#dfe2e6}.c{fill:#8b9097}.black{fill:#8b9097}
.red{fill:#ff8078}.green{fill:#6fd08c}.yellow{fill:#e6c069}.blue{fill:#82b1ff}.magenta{fill:#dd9be8}.cyan{fill:#6fd3e0}
.white{fill:#dfe2e6}.grey{fill:#9aa0a8}.bg{fill:#343a43}}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.t{font-size:12px}`;

/** Divides a row into runs of one look; of sequences, those that set looks are obeyed and all others left out. */
export function runsOf(/** @type {string} */ row) {
  /** @type {Run[]} */
  const runs = [];
  let look = new Look();
  let column = 0;
  // eslint-disable-next-line no-control-regex -- control sequences are what is looked for
  for (const [, codes, text = ""] of row.matchAll(/\x1b\[([\d;]*)m|\x1b[^a-zA-Z]*[a-zA-Z]|([^\x1b]+)/g)) {
    if (codes !== undefined) look = look.after(codes);
    const width = stringWidth(text);
    if (text.trim() !== "" || (width > 0 && look.isInverse)) runs.push({ column, text, classes: look.classes });
    column += width;
  }
  return runs;
}

/** What SGR sequences have set so far. */
class Look {
  /** @type {readonly string[]} */
  #marks;
  /** @type {string | undefined} */
  #colour;
  isInverse;

  /** @param {readonly string[]} [marks] @param {string} [colour] @param {boolean} [isInverse] */
  constructor(marks = [], colour, isInverse = false) {
    this.#marks = marks;
    this.#colour = colour;
    this.isInverse = isInverse;
  }

  get classes() {
    return [this.#colour ?? "fg", ...this.#marks, ...(this.isInverse ? ["inverse"] : [])];
  }

  /** The look after a sequence of these codes. Exact colours are shown as the nearest of the sixteen that have a name. */
  after(/** @type {string} */ sequence) {
    let marks = [...this.#marks];
    let colour = this.#colour;
    let isInverse = this.isInverse;
    const codes = sequence.split(";").map(Number);
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? 0;
      if (code === 0) [marks, colour, isInverse] = [[], undefined, false];
      else if (code <= 4) marks = [...marks, ["bold", "dim", "italic", "underline"][code - 1] ?? ""];
      else if (code === 7 || code === 27) isInverse = code === 7;
      else if (code === 22) marks = marks.filter((mark) => mark !== "bold" && mark !== "dim");
      else if (code === 23 || code === 24)
        marks = marks.filter((mark) => mark !== (code === 23 ? "italic" : "underline"));
      else if (code >= 30 && code <= 37) colour = NAMES[code - 30];
      else if (code === 39) colour = undefined;
      else if (code >= 90 && code <= 97) colour = code === 90 ? "grey" : NAMES[code - 90];
      else if (code === 38 || code === 48) {
        if (code === 38 && codes[i + 1] === 5) colour = named(codes[i + 2] ?? 0);
        i += codes[i + 1] === 5 ? 2 : 4;
      }
    }
    return new Look(marks, colour, isInverse);
  }
}

/** One of the 256 colours, by name where it has one. */
function named(/** @type {number} */ colour) {
  if (colour < 16) return colour === 8 ? "grey" : NAMES[colour % 8];
  return colour >= 232 ? "grey" : undefined;
}

/**
 * @param {readonly Frame[]} frames
 * @param {{ columns: number, rows: number, label: string }} screen  `label` says in words what is to be seen
 */
export function terminalSvg(frames, { columns, rows, label }) {
  const width = columns * CELL.width + 2 * MARGIN.x;
  const height = rows * CELL.height + MARGIN.top + MARGIN.bottom;
  /** @type {Map<string, string>} */
  const known = new Map();
  const drawn = frames.map((frame, index) => frameSvg(frame, index * height, known));
  const definitions = [...known].map(([markup, id]) => `<g id="${id}">${markup}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(label)}</title>`,
    `<style>${STYLE.trim()}\n${film(frames, height)}</style>`,
    `<defs>${definitions.join("\n")}</defs>`,
    `<rect class="w" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...[0, 1, 2].map((dot) => `<circle class="c" cx="${18 + 16 * dot}" cy="18" r="4.5" opacity=".45"/>`),
    `<g class="film">\n${drawn.join("\n")}\n</g>`,
    "</svg>\n",
  ].join("\n");
}

/** Rows are drawn once each, however many frames show them. */
function frameSvg(
  /** @type {Frame} */ { title, rows },
  /** @type {number} */ top,
  /** @type {Map<string, string>} */ known,
) {
  const lines = rows.flatMap((row, index) => {
    const markup = runsOf(row).map(runSvg).join("");
    if (markup === "") return [];
    const id = known.get(markup) ?? `r${known.size.toString(36)}`;
    known.set(markup, id);
    return [`<use href="#${id}" y="${MARGIN.top + index * CELL.height}"/>`];
  });
  const heading = `<text class="t c" x="50%" y="22" text-anchor="middle">${escaped(title)}</text>`;
  return `<g transform="translate(0 ${top})">${heading}${lines.join("")}</g>`;
}

/** Held to its cells by `textLength`, so that columns stand below each other in whatever font there is. */
function runSvg(/** @type {Run} */ { column, text, classes }) {
  const x = MARGIN.x + column * CELL.width;
  const length = stringWidth(text) * CELL.width;
  const inverse = classes.includes("inverse");
  const box = inverse ? `<rect class="bg" x="${x}" y="0" width="${length}" height="${CELL.height}"/>` : "";
  const look = classes.filter((name) => name !== "inverse").join(" ");
  return `${box}<text class="${look}" x="${x}" y="13" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

/** The frames lie below each other and are moved past the window in steps. Who wants no motion sees the last one. */
function film(/** @type {readonly Frame[]} */ frames, /** @type {number} */ height) {
  if (frames.length < 2) return "";
  const totalMs = frames.reduce((sum, { holdMs }) => sum + holdMs, 0);
  let atMs = 0;
  const steps = frames.map(({ holdMs }, index) => {
    const step = `${((100 * atMs) / totalMs).toFixed(3)}%{transform:translateY(${-index * height}px)}`;
    atMs += holdMs;
    return step;
  });
  const last = -(frames.length - 1) * height;
  return [
    `.film{animation:film ${(totalMs / 1000).toFixed(2)}s step-end infinite}`,
    `@keyframes film{${steps.join("")}}`,
    `@media(prefers-reduced-motion:reduce){.film{animation:none;transform:translateY(${last}px)}}`,
  ].join("\n");
}

function escaped(/** @type {string} */ text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// The reference of the commands as a page of Markdown.

/** @param {import("./command-reference.mjs").Reference} reference @returns {string} */
export function markdownReference({ bin, commands, globals, exitCodes, environment }) {
  const contents = commands.map(({ name, summary }) => ({ term: name, about: summary }));
  return [
    "# Commands",
    `<!-- Written by scripts/reference.mjs from the commands: \`npm run manifest\` after changing them. -->`,
    `\`${bin} COMMAND --help\` says the same of one command, \`${bin} help --all\` of all of them, and so does the manual
page (\`man ${bin}\`, where the package is installed globally).`,
    table("command", contents, ({ term }) => `[\`${term}\`](#${anchor(term)})`),
    "## Global flags",
    "They may stand before the command, too. A command that asks no server has only the first four.",
    table("flag", globals),
    "## Exit codes",
    table("code", exitCodes),
    "## Environment",
    `Flags go before the environment, that before \`durable-streams.jsonc\` in the folder, and that before the active context.`,
    table("variable", environment),
    ...commands.flatMap(section),
    "",
  ].join("\n\n");
}

/** @param {import("./command-reference.mjs").CommandPage} page @returns {readonly string[]} */
function section({ name, usage, summary, description, args, flags, examples }) {
  return [
    `## ${name}`,
    escaped(summary),
    fence(usage, "text"),
    ...paragraphs(description),
    ...(args.length > 0 ? [table("argument", args)] : []),
    ...(flags.length > 0 ? [table("flag", flags)] : []),
    ...(examples.length > 0 ? [fence(examples.join("\n"), "sh")] : []),
  ];
}

/** @param {string} heading */
function anchor(heading) {
  return heading.replaceAll(" ", "-");
}

/** @param {string} text @param {string} language */
function fence(text, language) {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/**
 * A line is a paragraph; indented lines are shown as they are.
 * @param {string} text
 * @returns {readonly string[]}
 */
export function paragraphs(text) {
  /** @type {string[][]} */
  const groups = [];
  let before = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("  ") && before.startsWith("  ")) groups.at(-1)?.push(line);
    else if (line.trim() !== "") groups.push([line]);
    before = line;
  }
  return groups.map((lines) => {
    const [first = ""] = lines;
    return first.startsWith("  ") ? fence(lines.map((line) => line.slice(2)).join("\n"), "text") : escaped(first);
  });
}

/**
 * @param {string} heading
 * @param {readonly import("./command-reference.mjs").Row[]} rows
 * @param {(row: import("./command-reference.mjs").Row) => string} [termOf]
 */
function table(heading, rows, termOf = ({ term }) => code(term)) {
  const lines = rows.map((row) => `| ${cell(termOf(row))} | ${cell(escaped(row.about))} |`);
  return [`| ${heading} | meaning |`, "| --- | --- |", ...lines].join("\n");
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");
}

/** @param {string} text */
function code(text) {
  return `\`${text}\``;
}

/** What Markdown would take for itself, as text. @param {string} text */
function escaped(text) {
  return text.replace(/[\\`*_<[\]]/g, String.raw`\$&`);
}

// The reference of the commands as a manual page: troff with the man macros, which groff and mandoc read alike.

/** @param {import("./command-reference.mjs").Reference} reference @returns {string} */
export function manPage({ bin, version, summary, commands, globals, exitCodes, environment }) {
  return lines(
    String.raw`.\" Written by scripts/reference.mjs from the commands: npm run manifest after changing them.`,
    `.TH ${bin.toUpperCase().replaceAll("-", String.raw`\-`)} 1 "" "${bin} ${version}" "User Commands"`,
    // Flags and paths are neither divided nor stretched.
    ".nh",
    ".ad l",
    ".SH NAME",
    `${troff(bin)} ${String.raw`\-`} ${troff(summary)}`,
    ".SH SYNOPSIS",
    `.B ${troff(bin)}`,
    String.raw`.I COMMAND\fR [\fIARGUMENTS\fR] [\fIFLAGS\fR]`,
    ".SH DESCRIPTION",
    "Durable Streams is an HTTP protocol for streams that one can only append to.",
    "This program runs a complete server for it on this machine or on Cloudflare, and works with any server of the protocol.",
    "Standard output is data and nothing else; everything said beside it goes to standard error.",
    ".SH COMMANDS",
    ...commands.flatMap(command),
    ".SH GLOBAL FLAGS",
    "They may stand before the command, too.",
    ...globals.flatMap(entry),
    ".SH EXIT STATUS",
    ...exitCodes.flatMap(entry),
    ".SH ENVIRONMENT",
    ...environment.flatMap(entry),
  );
}

/** @param {import("./command-reference.mjs").CommandPage} page @returns {readonly string[]} */
function command({ name, usage, summary, description, args, flags, examples }) {
  return [
    `.SS "${troff(name)}"`,
    troff(summary),
    ...shown([usage]),
    ...text(description),
    ...[...args, ...flags].flatMap(entry),
    ...(examples.length > 0 ? [".PP", "Examples:", ...shown(examples)] : []),
  ];
}

/** @param {import("./command-reference.mjs").Row} row @returns {readonly string[]} */
function entry({ term, about }) {
  return [".TP", `.B ${troff(term)}`, ...(about === "" ? [] : [troff(about)])];
}

/** Lines as they are. @param {readonly string[]} all @returns {readonly string[]} */
function shown(all) {
  return [".PP", ".RS 4", ".nf", ...all.map(troff), ".fi", ".RE"];
}

/** A line is a paragraph; indented lines are shown as they are. @param {string} description @returns {readonly string[]} */
function text(description) {
  return description
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => (line.startsWith("  ") ? [".br", troff(line)] : [".PP", troff(line)]));
}

/**
 * Text that troff is not to read as its own: backslashes, dashes that stay dashes, quotes that stay straight, and what
 * would be a request at the start of a line.
 * @param {string} plain
 */
export function troff(plain) {
  const escaped = plain
    .replaceAll("\\", String.raw`\e`)
    .replaceAll("-", String.raw`\-`)
    .replaceAll("'", String.raw`\(aq`)
    .replaceAll('"', String.raw`\(dq`)
    // A list of a JSON object's keys has no space to break at; troff would warn, and run into the margin.
    .replaceAll(String.raw`\(dq,\(dq`, String.raw`\(dq,\:\(dq`)
    .replaceAll("^", String.raw`\(ha`)
    .replaceAll("~", String.raw`\(ti`)
    .replaceAll("`", String.raw`\(ga`);
  return /^[.']/.test(escaped) ? String.raw`\&${escaped}` : escaped;
}

/** @param {readonly string[]} all */
function lines(...all) {
  return `${all.join("\n")}\n`;
}

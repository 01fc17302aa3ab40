// What the committed manifest says of the commands, in the order and the words of the reference and the manual page.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EXIT_MEANINGS } from "../../src/cli/exit-codes.ts";

/**
 * @typedef {object} Flag
 * @property {string} name
 * @property {string} [char]
 * @property {"boolean" | "option"} type
 * @property {string} [summary]
 * @property {string} [description]
 * @property {string} [helpValue]
 * @property {string} [helpGroup]
 * @property {string} [env]
 * @property {readonly string[]} [options]
 * @property {readonly string[]} [exclusive]
 * @property {readonly string[]} [dependsOn]
 * @property {readonly { readonly type: string, readonly flags: readonly string[] }[]} [relationships]
 * @property {unknown} [default]
 * @property {boolean} [required]
 * @property {boolean} [multiple]
 * @property {boolean} [hidden]
 *
 * @typedef {object} Argument
 * @property {string} name
 * @property {string} [description]
 * @property {boolean} [required]
 * @property {readonly string[]} [options]
 *
 * @typedef {object} Command
 * @property {string} id
 * @property {string} summary
 * @property {string} [description]
 * @property {readonly string[]} [examples]
 * @property {Readonly<Record<string, Argument>>} args
 * @property {Readonly<Record<string, Flag>>} flags
 * @property {boolean} strict
 * @property {boolean} [hidden]
 *
 * @typedef {object} Row  a flag or an argument
 * @property {string} term   as it is typed
 * @property {string} about  one or more sentences
 *
 * @typedef {object} CommandPage
 * @property {string} name  with spaces between topics
 * @property {string} usage
 * @property {string} summary
 * @property {string} description
 * @property {readonly Row[]} args
 * @property {readonly Row[]} flags  but for the global ones
 * @property {readonly string[]} globals  the names of the global flags that it has
 * @property {readonly string[]} examples
 *
 * @typedef {object} Reference
 * @property {string} bin
 * @property {string} version
 * @property {string} summary
 * @property {readonly CommandPage[]} commands
 * @property {readonly Row[]} globals
 * @property {readonly Row[]} exitCodes
 * @property {readonly Row[]} environment
 */

/** Variables that no flag stands for. */
const ENVIRONMENT = [
  ["DURABLE_STREAMS_SIGNING_SECRET", "A project's signing secret: commands sign their own tokens with it."],
  ["DURABLE_STREAMS_OPERATOR_SECRET", "A server's operator secret."],
  [
    "DURABLE_STREAMS_CONFIG_DIR",
    "Where contexts and credentials are kept. Default: durable-streams in $XDG_CONFIG_HOME, or in ~/.config.",
  ],
  ["DURABLE_STREAMS_DEBUG", "With the value api requests and answers are shown on stderr, without credentials."],
  ["DURABLE_STREAMS_COMPLETION_MS", "How long completion in a shell waits for a server. Default: 300."],
  ["CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID", "What deployments are made with, in the place of wrangler's login."],
  ["NO_COLOR", "If it is set, nothing is coloured."],
  ["CI", "If it is set, nothing is asked, as by --no-input."],
];

/** @param {string} root @returns {Promise<Reference>} */
export async function readReference(root) {
  const [manifest, packageFile] = await Promise.all(
    ["oclif.manifest.json", "package.json"].map(async (name) => JSON.parse(await readFile(join(root, name), "utf8"))),
  );
  return referenceOf(manifest, packageFile);
}

/**
 * @param {{ commands: Record<string, Command> }} manifest
 * @param {{ version: string, description: string, oclif: { bin: string } }} packageFile
 * @returns {Reference}
 */
export function referenceOf({ commands }, { version, description, oclif: { bin } }) {
  const shown = Object.values(commands).filter(({ hidden }) => hidden !== true);
  const globals = new Map(
    shown.flatMap(({ flags }) => Object.values(flags).filter(isGlobal)).map((flag) => [flag.name, flag]),
  );
  const variables = [...globals.values()].filter(({ env }) => env !== undefined);
  return {
    bin,
    version,
    summary: description,
    commands: shown.map((command) => pageOf(command, bin)),
    globals: [...globals.values()].map(flagRow),
    exitCodes: Object.entries(EXIT_MEANINGS).map(([code, about]) => ({ term: code, about })),
    environment: [
      ...variables.map(({ env = "", name }) => ({ term: env, about: `What --${name} says where it is not given.` })),
      ...ENVIRONMENT.map(([term = "", about = ""]) => ({ term, about })),
    ],
  };
}

/** @param {Command} command @param {string} bin @returns {CommandPage} */
function pageOf(command, bin) {
  const { id, summary, description = "", examples = [], args, flags, strict } = command;
  const name = id.replaceAll(":", " ");
  const all = Object.values(flags).filter(({ hidden }) => hidden !== true);
  const filled = (/** @type {string} */ text) =>
    text.replaceAll("<%= config.bin %>", bin).replaceAll("<%= command.id %>", name);
  return {
    name,
    usage: [bin, name, ...argumentWords(Object.values(args), strict), ...requiredFlags(all), "[flags]"].join(" "),
    summary,
    description: filled(description),
    args: Object.values(args).map(argumentRow),
    flags: all.filter((flag) => !isGlobal(flag)).map(flagRow),
    globals: all.filter(isGlobal).map((flag) => flag.name),
    examples: examples.map(filled),
  };
}

/** @param {Flag} flag */
function isGlobal({ helpGroup, hidden }) {
  return helpGroup === "GLOBAL" && hidden !== true;
}

/** @param {readonly Argument[]} args @param {boolean} strict */
function argumentWords(args, strict) {
  return args.map(({ name, required }, at) => {
    const word = `${name.toUpperCase()}${!strict && at === args.length - 1 ? "..." : ""}`;
    return required === true ? word : `[${word}]`;
  });
}

/** @param {readonly Flag[]} flags */
function requiredFlags(flags) {
  return flags.filter(({ required }) => required === true).map(({ name, ...flag }) => `--${name} ${placeholder(flag)}`);
}

/** @param {Pick<Flag, "helpValue" | "options">} flag */
function placeholder({ helpValue, options }) {
  return helpValue ?? options?.join("|") ?? "VALUE";
}

/** @param {Argument} argument @returns {Row} */
function argumentRow({ name, description = "", options }) {
  return { term: name.toUpperCase(), about: sentences(description, options && `One of ${options.join(", ")}.`) };
}

/** @param {Flag} flag @returns {Row} */
function flagRow(flag) {
  const { name, char, type, summary, description = "", options, multiple } = flag;
  const written = char === undefined ? `--${name}` : `-${char}, --${name}`;
  const value = type === "option" ? ` ${placeholder(flag)}` : "";
  const needed = [...(flag.dependsOn ?? []), ...(flag.relationships ?? []).flatMap(({ flags }) => flags)];
  const about = sentences(
    summary ?? description,
    options !== undefined && flag.helpValue !== undefined && `One of ${options.join(", ")}.`,
    multiple === true && "May be given several times.",
    needed.length > 0 && `Only with ${listed(needed)}.`,
    (flag.exclusive ?? []).length > 0 && `Not with ${listed(flag.exclusive ?? [])}.`,
    flag.default !== undefined && flag.default !== false && `Default: ${shown(flag.default)}.`,
  );
  return { term: `${written}${value}`, about };
}

/** @param {readonly string[]} names */
function listed(names) {
  return names.map((name) => `--${name}`).join(", ");
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {readonly (string | false | undefined)[]} parts */
function sentences(...parts) {
  return parts.filter((part) => part !== undefined && part !== false && part !== "").join(" ");
}

// The licences of the packages that a bundle contains: their texts have to travel with the code.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { mayBeBundled } from "./license-policy.mjs";

/** A licence, and what an author wants said along with it. */
const LICENCE_FILE = /^(?:licen[cs]e(?:-\w+)?|notice)(?:\.(?:md|txt))?$/i;

/**
 * The packages whose files went into a bundle, by what esbuild's metafile says it read.
 * @param {readonly string[]} inputs
 * @returns {string[]} their folders, sorted
 */
export function bundledPackages(inputs) {
  const folders = inputs.map((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/**
 * One text with the licence of every bundled package, each once.
 * @param {string} root
 * @param {readonly string[]} inputs
 * @throws {Error} when a package brings no licence text, or has a licence that our own may not contain
 */
export async function bundledLicenses(root, inputs) {
  const texts = await Promise.all(bundledPackages(inputs).map((folder) => licenseOf(join(root, folder))));
  // Several copies of one version may be installed.
  return [...new Set(texts)].join(`\n${"-".repeat(80)}\n\n`);
}

/** @param {string} folder */
async function licenseOf(folder) {
  /** @type {{ name: string, version: string, license?: unknown }} */
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (!mayBeBundled(license)) {
    const what = `${name} ${version} is bundled and has the licence ${JSON.stringify(license ?? null)}`;
    throw new Error(`${what}, which scripts/lib/license-policy.mjs does not allow`);
  }
  const files = (await readdir(folder)).filter((entry) => LICENCE_FILE.test(entry)).sort();
  if (files.length === 0) throw new Error(`${name} ${version} is bundled and brings no text of its licence`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return `${[`${name} ${version}`, ...texts.map((text) => text.trim())].join("\n\n")}\n`;
}

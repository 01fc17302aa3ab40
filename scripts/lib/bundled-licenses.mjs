// The licences of the packages that a bundle contains: their texts have to travel with the code.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const LICENCE_FILE = /^licen[cs]e(\.(md|txt))?$/i;

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
 * One text with the licence of every bundled package.
 * @param {string} root
 * @param {readonly string[]} inputs
 * @throws {Error} when a package brings no licence text
 */
export async function bundledLicenses(root, inputs) {
  const texts = await Promise.all(bundledPackages(inputs).map((folder) => licenseOf(join(root, folder))));
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** @param {string} folder */
async function licenseOf(folder) {
  /** @type {{ name: string, version: string, license?: string }} */
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => LICENCE_FILE.test(entry));
  if (file === undefined && license === undefined) throw new Error(`${name} ${version} is bundled and has no licence`);
  const text = file === undefined ? `Licence: ${license ?? ""}\n` : await readFile(join(folder, file), "utf8");
  return `${name} ${version}\n\n${text.trim()}\n`;
}

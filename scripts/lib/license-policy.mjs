// Which licences what we ship and what we depend on may have. Exact expressions, as packages write them: a new one is a
// line here, to be argued for in review.

/** Ask for their text and their notices to travel along, and no more. */
const PERMISSIVE = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "(MIT OR CC0-1.0)",
  "MIT OR Apache-2.0",
]);

/**
 * Packages that npm installs beside ours and that may have another licence. libvips comes with sharp, which comes with
 * Miniflare: its users get it from its makers, as a library of its own that they can replace, and none of it is in ours.
 */
const INSTALLED_BESIDE = [
  { name: /^@img\/sharp-libvips-/, licenses: ["LGPL-3.0-or-later"] },
  {
    name: /^@img\/sharp-(?:wasm32|win32-)/,
    licenses: ["Apache-2.0 AND LGPL-3.0-or-later", "Apache-2.0 AND LGPL-3.0-or-later AND MIT"],
  },
];

/**
 * Whether code of that licence may be part of our own files.
 * @param {unknown} license  as package.json has it
 * @returns {license is string}
 */
export function mayBeBundled(license) {
  return typeof license === "string" && PERMISSIVE.has(license);
}

/**
 * Whether a package of that licence may be installed with ours.
 * @param {string} name
 * @param {unknown} license  as package.json has it
 */
export function mayBeInstalled(name, license) {
  const beside = INSTALLED_BESIDE.some((each) => each.name.test(name) && each.licenses.includes(String(license)));
  return mayBeBundled(license) || beside;
}

// What the published package may and must hold, as a function of file names alone.

/** What a user can start or import, whichever commands there are. */
const REQUIRED = [
  "LICENSE",
  "README.md",
  "bin/run.js",
  "dist/THIRD-PARTY-LICENSES.txt",
  "dist/cli/main.js",
  "dist/types/worker/create-stream-worker.d.ts",
  "dist/worker/library.js",
  "dist/worker/library.js.map",
  "dist/worker/server.js",
  "dist/worker/server.js.map",
  "man/durable-streams.1",
  "oclif.manifest.json",
  "package.json",
];

/**
 * Nothing else: no sources, no tests, nothing from the root that happened to lie there. Maps only of the Worker, which
 * Cloudflare reads traces by; the command line's are for who has its sources.
 */
const ALLOWED = [
  /^(LICENSE|README\.md|package\.json|oclif\.manifest\.json)$/,
  /^bin\/run\.js$/,
  /^man\/durable-streams\.1$/,
  /^dist\/THIRD-PARTY-LICENSES\.txt$/,
  /^dist\/(cli|commands|chunks)\/[\w./-]+\.js$/,
  /^dist\/worker\/(server|library)\.js(\.map)?$/,
  /^dist\/types\/(worker|protocol)\/[\w./-]+\.d\.ts$/,
];

/** A third more than it weighs today; a large dependency bundled by accident is more than that. */
const MAX_UNPACKED_BYTES = 6_000_000;

/**
 * @param {{ files: readonly { path: string }[], unpackedSize: number }} packed  an entry of `npm pack --json`
 * @param {readonly string[]} commands  the command sources, as paths below src/commands without their extension
 * @returns {string[]} what is wrong with it, one sentence each
 */
export function packageProblems({ files, unpackedSize }, commands) {
  const paths = new Set(files.map(({ path }) => path));
  const required = [...REQUIRED, ...commands.map((command) => `dist/commands/${command}.js`)];
  const missing = required.filter((path) => !paths.has(path));
  const extra = [...paths].filter((path) => !ALLOWED.some((pattern) => pattern.test(path)) || /\btest\b/.test(path));
  return [
    ...missing.map((path) => `the package lacks ${path}`),
    ...extra.map((path) => `the package should not hold ${path}`),
    ...(commands.length === 0 ? ["there are no commands in src/commands"] : []),
    ...(unpackedSize > MAX_UNPACKED_BYTES
      ? [`the package unpacks to ${unpackedSize} bytes, more than ${MAX_UNPACKED_BYTES}`]
      : []),
  ];
}

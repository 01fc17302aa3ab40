// The rooms of the house and what each may import: ARCHITECTURE.md as data, read by the boundary check.

/**
 * @typedef {object} Room
 * @property {readonly string[]} rooms     other rooms it may import
 * @property {readonly string[]} packages  packages it may import
 * @property {boolean} node                whether it may import Node's own modules
 */

/** @type {Readonly<Record<string, Room>>} */
export const ROOMS = {
  protocol: { rooms: [], packages: [], node: false },
  worker: { rooms: ["protocol"], packages: ["jose"], node: false },
  client: { rooms: ["protocol"], packages: ["undici", "eventsource-parser"], node: true },
  local: { rooms: ["protocol"], packages: ["miniflare"], node: true },
  cloudflare: { rooms: [], packages: [], node: true },
  cli: {
    rooms: ["client", "local", "cloudflare", "protocol"],
    packages: ["@oclif/core", "fastest-levenshtein", "hyparquet-writer", "jose", "jsonc-parser"],
    node: true,
  },
  screen: { rooms: ["client"], packages: ["ink", "react", "string-width"], node: true },
  tail: { rooms: ["screen", "client", "protocol"], packages: [], node: true },
  browse: { rooms: ["screen", "tail", "client", "protocol"], packages: [], node: true },
  commands: {
    rooms: ["cli", "screen", "tail", "browse", "client", "local", "cloudflare", "protocol"],
    packages: ["@oclif/core"],
    node: true,
  },
};

/** Modules of workerd itself: nothing on disk to resolve them to, and only the Worker runs where they exist. */
export const RUNTIME_MODULES = "^cloudflare:";

/** Modules that something other than an import starts: the Workers' bundles, oclif, npm. */
export const ENTRY_POINTS = [
  "^src/worker/(index|create-stream-worker)\\.ts$",
  "^src/cli/(main|help)\\.ts$",
  "^src/cli/hooks/",
  "^src/commands/",
];

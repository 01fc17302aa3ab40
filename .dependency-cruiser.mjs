import { ENTRY_POINTS, ROOMS, RUNTIME_MODULES } from "./scripts/rooms.mjs";

const pathOf = (/** @type {readonly string[]} */ rooms) => `^src/(${rooms.join("|")})/`;
const packagePath = (/** @type {string} */ name) => `^node_modules/${name}/`;

/** Whatever is not listed for a room is forbidden to it, so a new dependency is a decision made in the table. */
/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const roomRules = Object.entries(ROOMS).map(([room, { rooms, packages, node }]) => ({
  name: `room-${room}`,
  comment: `src/${room} imports only what scripts/rooms.mjs lists for it`,
  severity: "error",
  from: { path: pathOf([room]) },
  to: {
    pathNot: [pathOf([room, ...rooms]), ...packages.map(packagePath), ...(room === "worker" ? [RUNTIME_MODULES] : [])],
    ...(node ? { dependencyTypesNot: ["core"] } : {}),
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...roomRules,
    {
      name: "worker-is-shipped-not-imported",
      comment:
        "everything else takes the Worker as a built file; only its own tests, and the bench that meters it, look inside",
      severity: "error",
      from: { pathNot: "^(src/worker|test/(worker|sealing|forks|segments|storage|stream)|bench/worker)/" },
      to: { path: "^src/worker/" },
    },
    {
      name: "worker-storage-knows-no-edge",
      comment: "what is stored does not depend on who asks or how",
      severity: "error",
      from: { path: "^src/worker/(storage|segments)/" },
      to: { path: "^src/worker/(edge|auth)/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^src/", pathNot: ENTRY_POINTS }, to: {} },
    {
      name: "no-module-only-for-tests",
      comment: "a module that no entry point reaches is not part of the product",
      severity: "error",
      from: { path: ENTRY_POINTS },
      to: { path: "^src/", pathNot: ENTRY_POINTS, reachable: false },
    },
    {
      name: "no-unresolvable",
      comment: "an import that resolves to nothing would slip through every rule above",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: [RUNTIME_MODULES] },
    },
  ],
  options: {
    doNotFollow: { path: "^node_modules/" },
    // Built files: bin/ and tests import them, and there are none in a fresh clone.
    exclude: { path: "^dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".d.ts"],
    },
    // Type imports count: they too say what a room knows about.
    tsPreCompilationDeps: true,
    preserveSymlinks: true,
  },
};

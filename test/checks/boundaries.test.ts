import { expect, test } from "vitest";
import { type CruiseResult, blindSpots } from "../../scripts/lib/boundary-report.mjs";
import { run } from "../../scripts/lib/process.mjs";
import { plantTree } from "./planted-tree.ts";

/** The table of ARCHITECTURE.md once more, written out: a slip in scripts/rooms.mjs must not pass its own test. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  worker: ["protocol", "cloudflare:workers"],
  client: ["protocol", "undici", "eventsource-parser", "node:fs"],
  local: ["protocol", "miniflare", "node:fs"],
  cloudflare: ["node:fs"],
  cli: ["client", "local", "cloudflare", "protocol", "@oclif/core", "node:fs"],
  screen: ["client", "ink", "react", "node:fs"],
  tail: ["screen", "client", "protocol", "node:fs"],
  browse: ["screen", "tail", "client", "protocol", "node:fs"],
  commands: ["cli", "screen", "tail", "browse", "client", "local", "cloudflare", "protocol", "@oclif/core", "node:fs"],
};
const ROOMS = Object.keys(ALLOWED);
const PACKAGES = ["undici", "eventsource-parser", "miniflare", "@oclif/core", "ink", "react", "vitest"];
const TARGETS = [...ROOMS, ...PACKAGES, "cloudflare:workers", "node:fs"];

const home = (room: string) => `src/${room}/home.ts`;
const importOf = (target: string) => `import "${ROOMS.includes(target) ? `../${target}/home.ts` : target}";\n`;
const fileFor = (room: string, target: string) => `src/${room}/to-${target.replaceAll(/\W/g, "-")}.ts`;

/** Every room with one module, and in every room one module that imports each of those targets. */
function house(targets: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const room of ROOMS) {
    files[home(room)] = "export {};\n";
    for (const target of targets) if (target !== room) files[fileFor(room, target)] = importOf(target);
  }
  return files;
}

async function problemsOf(files: Readonly<Record<string, string>>) {
  const tree = await plantTree(files);
  const { code, stdout } = await run(`node scripts/check-boundaries.mjs "${tree}"`);
  const lines = stdout.trimEnd().split("\n");
  return { code, seen: lines.at(-1), problems: lines.slice(0, -1) };
}

test("boundaries: a room may import what the table lists for it and nothing else", async () => {
  const { code, problems } = await problemsOf(house(TARGETS));
  const refused = problems.flatMap((line) => /^room-[a-z]+: (\S+) /.exec(line)?.[1] ?? []);
  const forbidden = ROOMS.flatMap((room) => {
    const targets = TARGETS.filter((target) => target !== room && !ALLOWED[room]?.includes(target));
    return targets.map((target) => fileFor(room, target));
  });
  expect(refused.toSorted()).toEqual(forbidden.toSorted());
  expect(code).toBe(1);
});

test("boundaries: with nothing forbidden the check passes and has seen every room", async () => {
  const { code, seen, problems } = await problemsOf({
    "src/protocol/offset.ts": "export const start = 0;\n",
    "src/worker/index.ts": `import "cloudflare:workers";\nimport "../protocol/offset.ts";\n`,
    "src/client/client.ts": `import "node:fs";\nimport "undici";\nimport "../protocol/offset.ts";\n`,
    "src/local/server.ts": `import "miniflare";\n`,
    "src/cloudflare/deploy.ts": `import "node:fs";\n`,
    "src/cli/main.ts": `import "../client/client.ts";\nimport "../local/server.ts";\nimport "../cloudflare/deploy.ts";\n`,
    "src/screen/view.tsx": `import "ink";\nimport "../client/client.ts";\n`,
    "src/tail/view.ts": `import "../screen/view.tsx";\n`,
    "src/browse/list.ts": `import "../tail/view.ts";\n`,
    "src/commands/dev.ts": `import "../cli/main.ts";\n`,
    "src/commands/tail.ts": `import "../tail/view.ts";\nimport "../browse/list.ts";\n`,
    "test/worker/inside.test.ts": `import "../../src/worker/index.ts";\n`,
  });
  expect(problems).toEqual([]);
  expect(seen).toBe(
    "modules seen: browse 1, cli 1, client 1, cloudflare 1, commands 2, local 1, protocol 1, screen 1, tail 1, worker 1",
  );
  expect(code).toBe(0);
});

interface Planted {
  rule: string;
  problem: string;
  files: Readonly<Record<string, string>>;
}

const planted: Planted[] = [
  {
    rule: "worker-is-shipped-not-imported",
    problem: "scripts/peek.mjs → src/worker/index.ts",
    files: { "src/worker/index.ts": "export {};\n", "scripts/peek.mjs": `import "../src/worker/index.ts";\n` },
  },
  {
    rule: "worker-storage-knows-no-edge",
    problem: "src/worker/storage/rows.ts → src/worker/edge/routes.ts",
    files: {
      "src/worker/index.ts": `import "./storage/rows.ts";\n`,
      "src/worker/storage/rows.ts": `import type { Route } from "../edge/routes.ts";\nexport type Row = Route;\n`,
      "src/worker/edge/routes.ts": "export type Route = string;\n",
    },
  },
  {
    rule: "no-cycles",
    problem: "src/cli/egg.ts → src/cli/hen.ts → src/cli/egg.ts",
    files: {
      "src/cli/main.ts": `import "./hen.ts";\n`,
      "src/cli/hen.ts": `import "./egg.ts";\n`,
      "src/cli/egg.ts": `import "./hen.ts";\n`,
    },
  },
  {
    rule: "no-orphans",
    problem: "src/cli/alone.ts",
    files: { "src/cli/main.ts": `import "node:fs";\n`, "src/cli/alone.ts": "export {};\n" },
  },
  {
    rule: "no-module-only-for-tests",
    problem: "src/cli/tested.ts",
    files: {
      "src/cli/main.ts": `import "node:fs";\n`,
      "src/cli/tested.ts": "export {};\n",
      "test/cli/tested.test.ts": `import "../../src/cli/tested.ts";\n`,
    },
  },
  {
    rule: "no-unresolvable",
    problem: "src/cli/main.ts → ./gone.ts",
    files: { "src/cli/main.ts": `import "./gone.ts";\n` },
  },
  {
    rule: "unknown-room",
    problem: "no rule knows src/attic; see scripts/rooms.mjs",
    files: { "src/cli/main.ts": `import "node:fs";\n`, "src/attic/box.ts": `import "node:fs";\n` },
  },
  {
    rule: "empty-room",
    problem: "src/tail has no modules",
    files: { "src/cli/main.ts": `import "node:fs";\n`, "src/tail/notes.txt": "" },
  },
  {
    rule: "no-imports",
    problem: "not one import was seen",
    files: { "src/cli/main.ts": "export {};\n" },
  },
];

for (const { rule, problem, files } of planted) {
  test(`boundaries: a planted ${rule} is found`, async () => {
    const { code, problems } = await problemsOf(files);
    expect(problems).toContain(`${rule}: ${problem}`);
    expect(code).toBe(1);
  });
}

test("boundaries: a module that dependency-cruiser did not see is a failure", () => {
  const files = new Map([["cli", ["src/cli/main.ts", "src/cli/hidden.ts"]]]);
  const module = { source: "src/cli/main.ts", dependencies: [], dependents: [], valid: true };
  const summary = { violations: [], error: 0, warn: 0, info: 0, totalCruised: 1, totalDependenciesCruised: 1 };
  const result = { modules: [module], summary: { ...summary, optionsUsed: {} } };
  expect(blindSpots(files, result as unknown as CruiseResult)).toEqual(["unseen-modules: src/cli/hidden.ts"]);
});

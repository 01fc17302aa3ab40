import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { type TestProjectInlineConfiguration, defineConfig } from "vitest/config";

/** Not later than the workerd in the tree, and the same for every Worker that the tests start. */
const COMPATIBILITY_DATE = "2026-07-30";

/** Pure functions and what runs in plain Node without the built package. */
const unit: TestProjectInlineConfiguration = {
  test: {
    name: "unit",
    include: [
      "protocol",
      "storage",
      "segments",
      "stream",
      "client",
      "screen",
      "tail",
      "browse",
      "checks",
      "scripts",
    ].map((room) => `test/${room}/**/*.test.{ts,tsx}`),
    // The planted trees of test/checks start compilers and linters.
    testTimeout: 60_000,
    sequence: { groupOrder: 0 },
  },
};

/** The Worker from the inside, in workerd. Each file has a runtime and storage of its own. */
function inWorkerd(
  name: string,
  groupOrder: number,
  variables: Record<string, string>,
): TestProjectInlineConfiguration {
  return {
    plugins: [
      cloudflareTest({
        main: "./src/worker/index.ts",
        miniflare: {
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags: ["enable_request_signal"],
          bindings: { AUTH: "none", ...variables },
          durableObjects: {
            STREAMS: { className: "StreamDO", useSQLite: true },
            PROJECTS: { className: "ProjectDO", useSQLite: true },
            DIRECTORY: { className: "DirectoryDO", useSQLite: true },
            SUBSCRIPTIONS: { className: "SubscriptionDO", useSQLite: true },
          },
          kvNamespaces: ["REGISTRY"],
          r2Buckets: ["R2"],
        },
      }),
    ],
    define: { __VERSION__: JSON.stringify("0.0.0-test") },
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      // A machine that is busy with something else must not turn a test red; what hangs is still found.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      maxWorkers: 2,
      sequence: { groupOrder },
    },
  };
}

const worker = inWorkerd("worker", 1, {});

/** The same with segments of five messages, so that a few appends make history. */
const sealing = inWorkerd("sealing", 2, { SEGMENT_MAX_MESSAGES: "5", OPERATOR_API: "open" });

/** Forks, whose history so lies in logs and in segments of many objects. */
const forks = inWorkerd("forks", 3, { SEGMENT_MAX_MESSAGES: "5", OPERATOR_API: "open" });

/** Spawned processes of the built package. Two files at a time: more would measure the machine, not the program. */
const e2e: TestProjectInlineConfiguration = {
  test: {
    name: "e2e",
    include: ["cli", "local", "model", "kill", "package", "examples", "docs"].map(
      (room) => `test/${room}/**/*.test.{ts,tsx}`,
    ),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    sequence: { groupOrder: 4 },
  },
};

/** Deployments to an account of our own making, where wrangler and the built package really run. */
const deploy: TestProjectInlineConfiguration = {
  test: {
    name: "deploy",
    include: ["test/deploy/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    sequence: { groupOrder: 5 },
  },
};

/** The official suite. Some of its tests wait for the server's own long-poll timeout. */
function officialSuite(name: string, groupOrder: number): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: ["test/conformance/**/*.test.ts"],
      globalSetup: ["test/conformance/server.setup.ts"],
      testTimeout: 60_000,
      maxWorkers: 1,
      sequence: { groupOrder },
    },
  };
}

const conformance = officialSuite("conformance", 6);

/** The same on a server that seals at three messages. */
const conformanceSealed = officialSuite("conformance-sealed", 7);

/** The same on a guarded server, with a token in every request. */
const conformanceAuth = officialSuite("conformance-auth", 8);

export default defineConfig({
  test: { projects: [unit, worker, sealing, forks, e2e, deploy, conformance, conformanceSealed, conformanceAuth] },
});

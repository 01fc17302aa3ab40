// The workflow's own commands, in the order of its steps, against a guarded server and with the built command line.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../scripts/lib/process.mjs";
import { BIN, environment, NODE, runCli } from "../support/cli.ts";
import { startGuarded, type GuardedServer } from "../support/servers.ts";

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

let server: GuardedServer;
let folder: string;

beforeAll(async () => {
  server = await startGuarded();
  folder = await mkdtemp(join(tmpdir(), "durable-streams-actions-"));
  // `npx durable-streams` as it is in a repository that has the package among its dependencies.
  const npx = `#!/bin/sh\nshift\nexec "${NODE}" "${BIN}" "$@"\n`;
  await writeFile(join(folder, "npx"), npx);
  await chmod(join(folder, "npx"), 0o755);
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The shell commands of the steps, but for the installation. */
async function steps(): Promise<string[]> {
  const file = await readFile(join(ROOT, "examples/github-actions/publish.yml"), "utf8");
  const { jobs } = parse(file) as Workflow;
  const commands = Object.values(jobs).flatMap((job) => job.steps.flatMap(({ run = "" }) => (run === "" ? [] : [run])));
  return commands.filter((command) => command !== "npm ci");
}

async function bash(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; stdout: string }> {
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", command], {
    cwd: folder,
    env: environment({
      DURABLE_STREAMS_CONFIG_DIR: join(folder, "nothing-saved"),
      DURABLE_STREAMS_URL: server.url,
      DURABLE_STREAMS_PROJECT: "default",
      GITHUB_ENV: join(folder, "env"),
      GITHUB_REF_NAME: "main",
      GITHUB_SHA: "0123abcd",
      GITHUB_RUN_ID: "42",
      ...env,
      PATH: [folder, process.env["PATH"]].join(delimiter),
    }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const [[code], stdout] = await Promise.all([closed, text(child.stdout)]);
  return { code, stdout };
}

test("example github-actions: its steps mint a masked token and append with it", async () => {
  const [mint = "", append = "", ...others] = await steps();
  expect(others).toEqual([]);
  const minted = await bash(mint, { DURABLE_STREAMS_SIGNING_SECRET: server.signingSecret });
  expect(minted.code).toBe(0);
  const [, token = ""] = /^DURABLE_STREAMS_TOKEN=(\S+)$/m.exec(await readFile(join(folder, "env"), "utf8")) ?? [];
  expect(minted.stdout).toBe(`::add-mask::${token}\n`);
  const env = { DURABLE_STREAMS_TOKEN: token };
  expect((await bash(append, env)).code).toBe(0);
  const read = await runCli(["read", "ci/main", "--url", server.url, "--project", "default"], { env });
  expect(read.stdout).toBe('{"commit":"0123abcd","run":42,"result":"passed"}\n');
});

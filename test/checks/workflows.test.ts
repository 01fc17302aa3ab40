import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT, run } from "../../scripts/lib/process.mjs";
import { commandsOf, type Workflow, workflowProblems } from "./workflow-rules.ts";

const FOLDER = join(ROOT, ".github/workflows");

const read = (name: string): Promise<string> => readFile(join(FOLDER, name), "utf8");

test("workflows: those that there are keep every rule", async () => {
  const names = await readdir(FOLDER);
  expect(names.sort()).toEqual(["ci.yml", "publish.yml"]);
  for (const name of names)
    expect({ name, problems: workflowProblems(await read(name)) }).toEqual({ name, problems: [] });
});

test.for([
  ["an action by a tag", /@[0-9a-f]{40} # v6.0.2/, "@v6", "not pinned to a commit"],
  ["an action without its version", " # v6.0.2", "", "not pinned to a commit"],
  ["a job without an end", /^ +timeout-minutes: 60\n/m, "", "may hang"],
  ["rights for every job", "permissions: {}", "permissions:\n  id-token: write", "every job may write id-token"],
  ["rights that are not said", "permissions: {}\n", "", "every job may write all"],
  ["more rights than it takes", "contents: read", "contents: write", "may write contents"],
  [
    "a token that lies about",
    "persist-credentials: false",
    "persist-credentials: true",
    "leaves the repository's token",
  ],
  ["an expression in a shell", "run: .ci/run", "run: echo ${{ github.ref }}", "puts an expression into a shell"],
  ["a secret", "name: package", "name: ${{ secrets.NPM_TOKEN }}", "takes a secret"],
  ["publishing without tests", /^ +needs: test\n/m, "", "waits for no test"],
  ["publishing without anybody", /^ +environment: npm\n/m, "", "nobody can hold it up"],
  ["publishing from a checkout", "actions/download-artifact@", "actions/checkout@", "checks out code"],
  ["a slip of the pen", "timeout-minutes: 10", "timeout-minuts: 10", "unknown key timeout-minuts"],
  ["no jobs", /^jobs:\n(?: .*\n|\n)*/m, "jobs: {}\n", "there are no jobs"],
  ["strangers' pull requests", "on:\n  push:", "on:\n  pull_request_target:\n  push:", "strangers' code"],
] as const)("workflows: %s is found", async ([, from, to, sentence]) => {
  const whole = await read("publish.yml");
  const broken = whole.replace(from, to);
  expect(broken).not.toBe(whole);
  expect(workflowProblems(broken)).toContainEqual(expect.stringContaining(sentence));
});

test("workflows: publishing is for tags of versions, after the agreement of tag and changelog, the audit and every test", async () => {
  const workflow = parse(await read("publish.yml")) as Workflow;
  expect(workflow.on).toEqual({ push: { tags: ["v*"] } });
  expect(workflow.jobs?.["publish"]?.needs).toBe("test");
  const commands = commandsOf(workflow, "test").filter((command) => !command.startsWith("sudo"));
  expect(commands).toEqual([
    "node scripts/check-release.mjs",
    "npm audit --omit=dev",
    ".ci/run",
    "npm pack --ignore-scripts",
    "node scripts/try-package.mjs durable-streams-*.tgz",
  ]);
  expect(commandsOf(workflow, "publish")).toEqual(["npm publish ./durable-streams-*.tgz --provenance --access public"]);
});

test("workflows: CI tries the package on the oldest Node that it promises", async () => {
  const { engines } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { engines: { node: string } };
  const { jobs } = parse(await read("ci.yml")) as {
    jobs: { package: { strategy: { matrix: { node: string[] } } } };
  };
  expect(jobs.package.strategy.matrix.node[0]).toBe(`${engines.node.replace(/^>=/, "")}.0`);
});

test("workflows: the check before publishing knows the tag and the repository of the run", async () => {
  const { code, output } = await run(
    "GITHUB_REF_NAME=v0.0.1 GITHUB_REPOSITORY=some/one node scripts/check-release.mjs",
  );
  expect(output).toContain("the tag is v0.0.1, and package.json has version");
  expect(output).toMatch(/git\+https:\/\/github\.com\/some\/one\.git/);
  expect(code).toBe(1);
});

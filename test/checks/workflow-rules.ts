// What a workflow of ours must be, beyond being YAML: what it runs is pinned, what it may do is said, and nothing that a
// stranger can write reaches a shell.
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly needs?: string;
  readonly environment?: string;
  readonly steps?: readonly Step[];
}

export interface Workflow {
  readonly name?: string;
  readonly on?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs?: Readonly<Record<string, Job>>;
}

/** All that we use of what GitHub knows, so that a slip of the pen is not passed over by it in silence. */
const WORKFLOW_KEYS = ["name", "on", "permissions", "concurrency", "jobs"];
const JOB_KEYS = ["runs-on", "timeout-minutes", "needs", "environment", "permissions", "strategy", "steps"];
const STEP_KEYS = ["name", "uses", "with", "run", "env"];

/** A commit, which nobody can move, and for people the version that it is. */
const PINNED = /^\s*(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

function unknownKeys(where: string, value: object, known: readonly string[]): string[] {
  return Object.keys(value).flatMap((key) => (known.includes(key) ? [] : [`${where} has the unknown key ${key}`]));
}

function stepProblems(where: string, step: Step): string[] {
  const { uses, run } = step;
  return [
    ...unknownKeys(where, step, STEP_KEYS),
    ...((uses === undefined) === (run === undefined) ? [`${where} must have either uses or run`] : []),
    ...(run?.includes("${{") === true ? [`${where} puts an expression into a shell: pass it in env`] : []),
    ...(uses?.startsWith("actions/checkout@") === true && step.with?.["persist-credentials"] !== false
      ? [`${where} leaves the repository's token behind: persist-credentials: false`]
      : []),
  ];
}

function jobProblems(name: string, job: Job): string[] {
  const { permissions = {}, steps = [] } = job;
  const mayPublish = permissions["id-token"] === "write";
  const foreign = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);
  return [
    ...unknownKeys(name, job, JOB_KEYS),
    ...(job["timeout-minutes"] === undefined ? [`${name} may hang for six hours: timeout-minutes`] : []),
    ...(steps.length === 0 ? [`${name} does nothing`] : []),
    ...Object.entries(permissions).flatMap(([scope, right]) =>
      right === "write" && scope !== "id-token" ? [`${name} may write ${scope}`] : [],
    ),
    ...(mayPublish && foreign.length > 0 ? [`${name} may publish, and checks out code`] : []),
    ...(mayPublish && job.needs === undefined ? [`${name} may publish, and waits for no test`] : []),
    ...(mayPublish && job.environment === undefined ? [`${name} may publish, and nobody can hold it up`] : []),
    ...steps.flatMap((step, i) => stepProblems(`${name}, step ${String(i + 1)}`, step)),
  ];
}

/** What is wrong with a workflow, one sentence each. */
export function workflowProblems(text: string): string[] {
  const workflow = parse(text, { strict: true, uniqueKeys: true }) as Workflow;
  const jobs = Object.entries(workflow.jobs ?? {});
  const unpinned = text.split("\n").filter((line) => /^\s*(?:- )?uses:/.test(line) && !PINNED.test(line));
  return [
    ...unknownKeys("the workflow", workflow, WORKFLOW_KEYS),
    ...Object.entries(workflow.permissions ?? { all: "write" }).flatMap(([scope, right]) =>
      right === "write" ? [`every job may write ${scope}`] : [],
    ),
    ...(jobs.length === 0 ? ["there are no jobs"] : []),
    ...unpinned.map((line) => `not pinned to a commit with its version beside it: ${line.trim()}`),
    ...jobs.flatMap(([name, job]) => jobProblems(name, job)),
    ...(/\bsecrets\./.test(text) ? ["it takes a secret, and none is needed"] : []),
    ...(workflow.on !== undefined && "pull_request_target" in workflow.on
      ? ["strangers' code would run with rights"]
      : []),
  ];
}

/** Every shell command of a job, in order. */
export function commandsOf(workflow: Workflow, job: string): string[] {
  return (workflow.jobs?.[job]?.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run]));
}

// What may stand in durable-streams.jsonc. Every check gives one sentence that names the place, or nothing.
import { parseSegmentLimits } from "../../protocol/segment/limits.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";

type Check = (value: unknown, at: string) => string | undefined;

/** Of a Worker: it is the first label of its workers.dev address, and bucket and namespace get its name with an ending. */
const WORKER_NAME = /^[a-z0-9](?:[a-z0-9-]{0,52}[a-z0-9])?$/;
const ENVIRONMENT = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const BUCKET_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/;
const HEX_ID = /^[0-9a-f]{32}$/;
const DATASET = /^\w{1,64}$/;
const VARIABLE = /^[A-Za-z_]\w*$/;

/** Whether a text may be the name of a Worker here. */
export function isWorkerName(text: string): boolean {
  return WORKER_NAME.test(text);
}

function matching(pattern: RegExp, rule: string): Check {
  return (value, at) =>
    typeof value === "string" && pattern.test(value) ? undefined : `${at} ${shown(value)} ${rule}.`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? "" : text.slice(0, 100);
}

/** An object of nothing but the fields that are known. */
function fields(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (value, at) => {
    if (!isObject(value)) return `${at === "" ? "it" : at} is no object.`;
    const place = (name: string): string => (at === "" ? name : `${at}.${name}`);
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(checks, name));
    if (unknown !== undefined) {
      return `there is no setting ${place(unknown)}; there are ${Object.keys(checks).join(", ")}.`;
    }
    const missing = required.find((name) => value[name] === undefined);
    if (missing !== undefined) return `${place(missing)} is missing.`;
    const problems = Object.entries(value).map(([name, each]) => checks[name]?.(each, place(name)));
    return problems.find((problem) => problem !== undefined);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const text: Check = (value, at) =>
  typeof value === "string" && value !== "" ? undefined : `${at} ${shown(value)} is no text, or empty.`;

const httpUrl: Check = (value, at) =>
  typeof value === "string" && /^https?:\/\//.test(value) && URL.canParse(value)
    ? undefined
    : `${at} ${shown(value)} is no http or https URL.`;

/** A variable that the Worker would refuse with every answer is refused before it gets there. */
const vars: Check = (value, at) => {
  if (!isObject(value)) return `${at} is no object.`;
  for (const [name, each] of Object.entries(value)) {
    if (name === BINDING.operatorSecret)
      return `${at}.${name} is a secret, and deploy makes and keeps it: take it out.`;
    if (Object.values<string>(BINDING).includes(name)) return `${at}.${name} has the name of a binding.`;
    if (!VARIABLE.test(name)) return `${at}: ${shown(name)} is no name for a variable.`;
    if (typeof each !== "string") return `${at}.${name} must be a text: write it in quotation marks.`;
  }
  const limits = parseSegmentLimits(value);
  return limits.ok ? undefined : `${at}: ${limits.error.message}`;
};

const workerName = matching(WORKER_NAME, "is no name for a Worker: 1 to 54 lower-case letters, digits and hyphens");

const deployment: Readonly<Record<string, Check>> = {
  name: workerName,
  url: httpUrl,
  accountId: matching(HEX_ID, "is no account's id, which has 32 hexadecimal digits"),
  main: text,
  vars,
  customDomain: matching(HOST_NAME, "is no host name like streams.example.com"),
  analytics: matching(DATASET, "is no name for a dataset: 1 to 64 letters, digits and _"),
  resources: fields({
    bucket: matching(BUCKET_NAME, "is no name for a bucket: 3 to 63 lower-case letters, digits and hyphens"),
    kvNamespace: text,
    kvNamespaceId: matching(HEX_ID, "is no namespace's id, which has 32 hexadecimal digits"),
  }),
  /** Read by every command that asks a server, where it is not told another. */
  project: text,
  context: text,
};

const environments: Check = (value, at) => {
  if (!isObject(value)) return `${at} is no object.`;
  const check = fields(deployment);
  for (const [name, each] of Object.entries(value)) {
    if (!ENVIRONMENT.test(name)) {
      return `${at}: ${shown(name)} is no name for an environment: 1 to 32 lower-case letters, digits and hyphens.`;
    }
    const problem = check(each, `${at}.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const whole = fields({ $schema: text, ...deployment, environments }, ["name"]);

/** What is wrong with the content of the file, as one sentence, or `undefined`. */
export function settingsProblem(value: unknown): string | undefined {
  return whole(value, "");
}

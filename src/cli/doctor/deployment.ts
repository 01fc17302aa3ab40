import path from "node:path";
import type { Namespace } from "../../cloudflare/resources.ts";
import type { Binding } from "../../cloudflare/worker-versions.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { bindingItems, isChange } from "../deploy/plan.ts";
import type { PlanItem } from "../deploy/plan-item.ts";
import { planMigrations } from "../deploy/plan-migrations.ts";
import { ITEM_WORDS } from "../deploy/plan-text.ts";
import { pinInFile, PROJECT_FILE } from "../deploy/project-file.ts";
import { pinsOf, type Target } from "../deploy/target.ts";
import { type Check, failed, type Finding, needs, ok, SkippedCheck, warning } from "./check.ts";
import { lookAt } from "./login.ts";
import type { Site } from "./site.ts";

/** What is deployed from the folder. Whatever lacks there, `deploy` makes. */
export function deploymentChecks(site: Site): readonly Check[] {
  return [
    { name: "project-file", look: () => projectFile(site) },
    { name: "worker", look: () => worker(site) },
    { name: "bindings", look: () => bindings(site) },
    { name: "migrations", look: () => migrations(site) },
    { name: "bucket", look: () => bucket(site) },
    { name: "namespace", look: () => namespace(site) },
    { name: "address", look: () => address(site) },
  ];
}

async function projectFile(site: Site): Promise<Finding> {
  const target = await site.project();
  if (target === undefined) {
    throw new SkippedCheck(`${await site.noProject()}.`, site.options.call("init"));
  }
  const { name, environment } = target;
  const where = environment === undefined ? "" : `, in the environment ${environment}`;
  return ok(`${PROJECT_FILE} describes the Worker ${name}${where}.`);
}

async function worker(site: Site): Promise<Finding> {
  const target = await site.deploymentTarget();
  await needs(site.account(), "No account is open.");
  const found = await lookAt(site.worker());
  const deploy = site.options.call("deploy");
  if (found === undefined) {
    const missing = `There is no Worker ${target.name} in the account`;
    if (target.kvNamespaceId === undefined) throw new SkippedCheck(`${missing}: nothing was deployed yet.`, deploy);
    return failed(`${missing}, and ${PROJECT_FILE} has pinned what it keeps its data in.`, deploy);
  }
  const { version, deployment } = found;
  const number = version.number === undefined ? "" : ` ${String(version.number)}`;
  if (deployment.versions.length > 1) {
    return warning(`Several versions of ${target.name} answer requests at the moment.`, deploy);
  }
  return ok(`${target.name} is there, as version${number} ${version.id}.`);
}

/** Bindings and variables. An id of a namespace that is not there is told by `namespace`. */
async function bindings(site: Site): Promise<Finding> {
  const found = await site.deployed();
  const target = await site.deploymentTarget();
  const kv = await needs(site.namespace(), "The KV namespace could not be looked at.");
  const items = bindingItems(target, { worker: found, namespace: kv });
  const wrong = items.filter(isChange).map(inWords);
  if (wrong.length > 0) return failed(wrong.join(" "), site.options.call("deploy"));
  return ok(`The Worker has ${items.map(({ name }) => name).join(", ")}.`);
}

function inWords({ kind, name, action, detail }: PlanItem): string {
  const what = `The ${ITEM_WORDS[kind]} ${name}${detail === undefined ? "" : ` (${detail})`}`;
  if (action === "create") return `${what} is missing.`;
  return action === "remove" ? `${what} is not in ${PROJECT_FILE}.` : `${what} is another one.`;
}

async function migrations(site: Site): Promise<Finding> {
  const { version } = await site.deployed();
  const { name } = await site.deploymentTarget();
  const { items } = planMigrations(name, version);
  const missing = items.filter(isChange).map((item) => item.name);
  if (missing.length === 0) return ok(`All are applied: ${items.map((item) => item.name).join(", ")}.`);
  return failed(`The migration ${missing.join(", ")} is not applied.`, site.options.call("deploy"));
}

async function bucket(site: Site): Promise<Finding> {
  const target = await site.deploymentTarget();
  await needs(site.account(), "No account is open.");
  if (await lookAt(site.bucket())) return ok(`The R2 bucket ${target.bucket} is there.`);
  return missing(site, target, `There is no R2 bucket ${target.bucket}, where sealed history lies`);
}

async function namespace(site: Site): Promise<Finding> {
  const target = await site.deploymentTarget();
  const { id: accountId } = await needs(site.account(), "No account is open.");
  const found = await lookAt(site.namespace());
  const { kvNamespaceId, kvNamespace } = target;
  if (found === undefined) return missing(site, target, `There is no KV namespace ${kvNamespaceId ?? kvNamespace}`);
  if (found.id === kvNamespaceId) return ok(`The KV namespace ${found.title} (${found.id}) is there, and pinned.`);
  const isBound = (await site.worker().catch(() => undefined))?.version.bindings.some((each) => isOf(each, found));
  const deploy = site.options.call("deploy");
  if (isBound !== true) {
    return kvNamespaceId === undefined
      ? warning(`The KV namespace ${found.title} (${found.id}) is there, and not pinned in ${PROJECT_FILE}.`, deploy)
      : failed(`The KV namespace ${kvNamespaceId} of ${PROJECT_FILE} is gone; there is ${found.id}.`, deploy);
  }
  return {
    ...warning(
      `The Worker uses the KV namespace ${found.title} (${found.id}), and ${PROJECT_FILE} has ${kvNamespaceId ?? "no id"}.`,
      site.options.call("doctor --fix"),
    ),
    async fix() {
      await pinInFile(path.join(site.options.cwd, PROJECT_FILE), pinsOf(target, accountId, found.id));
      return `Wrote the id ${found.id} of the KV namespace ${found.title} into ${PROJECT_FILE}. Commit it.`;
    },
  };
}

function isOf(binding: Binding, { id }: Namespace): boolean {
  return binding.name === BINDING.registry && binding.value === id;
}

/** Before the first deployment nothing has to be there. */
async function missing(site: Site, { kvNamespaceId }: Target, sentence: string): Promise<Finding> {
  const isDeployed = (await site.worker().catch(() => undefined)) !== undefined || kvNamespaceId !== undefined;
  const deploy = site.options.call("deploy");
  if (!isDeployed) throw new SkippedCheck(`${sentence}: nothing was deployed yet.`, deploy);
  return failed(`${sentence}.`, deploy);
}

async function address(site: Site): Promise<Finding> {
  const { customDomain } = await site.deploymentTarget();
  await needs(site.account(), "No account is open.");
  const found = await site.deployed();
  const url = await site.url();
  const deploy = site.options.call("deploy");
  if (customDomain !== undefined) {
    if (found.settings.customDomains.includes(customDomain)) return ok(`${url} is a name of your own.`);
    return failed(`${customDomain} does not lead to the Worker.`, deploy);
  }
  if (!found.settings.workersDev)
    return failed(`The Worker does not answer at workers.dev, nor at a name of yours.`, deploy);
  const detail = `${url} is no custom domain of the Worker: at workers.dev Cloudflare caches nothing, so every read of sealed history goes to R2.`;
  return warning(detail, `Add "customDomain": "streams.example.com" to ${PROJECT_FILE}, then: ${deploy}`);
}

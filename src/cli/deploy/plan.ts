// What a deployment would change, decided from what is to be and what is. Nothing here asks or does anything.
import type { DeployedWorker } from "../../cloudflare/deployed-worker.ts";
import type { Binding } from "../../cloudflare/worker-versions.ts";
import { BINDING, OBJECT_CLASSES, type Migration } from "../../cloudflare/wrangler-config.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { Bundle } from "./bundle.ts";
import type { PlanAction, PlanItem } from "./plan-item.ts";
import { planMigrations } from "./plan-migrations.ts";
import type { Observed } from "./observe.ts";
import type { Target } from "./target.ts";

export interface Plan {
  readonly items: readonly PlanItem[];
  /** How many items are not kept as they are. */
  readonly changes: number;
  /** Whether the Worker has to go up again. */
  readonly upload: boolean;
  readonly migrations: readonly Migration[];
  readonly warnings: readonly string[];
}

/** What is to be. */
export interface Wish {
  readonly target: Target;
  readonly url: string;
  readonly bundle: Bundle;
  readonly packageVersion: string;
  readonly compatibilityDate: string;
  /** What is to happen with the operator secret. */
  readonly operatorSecret: PlanAction;
  /** Whether that is one of the environment, which may be meant for another server. */
  readonly isSecretGiven: boolean;
}

export function makePlan(wish: Wish, observed: Observed): Plan {
  const { worker } = observed;
  requireFreeDomain(wish.target, observed);
  const { migrations, items: migrationItems } = planMigrations(wish.target.name, worker?.version);
  const script = [
    workerItem(wish, worker),
    ...migrationItems,
    ...bindingItems(wish.target, observed),
    ...settingItems(wish, worker),
  ];
  const items = [...resourceItems(wish.target, observed), ...script, ...secretItems(wish, worker)];
  return {
    items,
    changes: items.filter(isChange).length,
    upload: script.some(isChange),
    migrations,
    warnings: [
      ...warningsOf(wish, observed),
      ...strayDomains(wish.target, worker).map((domain) => `${strayDomain(domain)} ${strayDomainMend(domain)}`),
    ],
  };
}

export function isChange({ action }: PlanItem): boolean {
  return action !== "keep";
}

function resourceItems({ bucket, kvNamespace }: Target, observed: Observed): readonly PlanItem[] {
  const { namespace } = observed;
  return [
    { kind: "r2-bucket", name: bucket, action: observed.bucket ? "keep" : "create" },
    namespace === undefined
      ? { kind: "kv-namespace", name: kvNamespace, action: "create" }
      : { kind: "kv-namespace", name: namespace.title, action: "keep", detail: namespace.id },
  ];
}

function workerItem({ target, bundle, packageVersion }: Wish, worker: DeployedWorker | undefined): PlanItem {
  const { name } = target;
  const kibibytes = `${String(Math.ceil(bundle.gzipBytes / 1024))} KiB gzip`;
  const next = `${packageVersion}, ${kibibytes}, sha256 ${bundle.sha256.slice(0, 12)}`;
  if (worker === undefined) return { kind: "worker", name, action: "create", detail: next };
  const { release } = worker;
  if (release?.sha256 === bundle.sha256) return { kind: "worker", name, action: "keep", detail: next };
  const before =
    release === undefined ? "not uploaded by deploy" : `${release.version}, ${release.sha256.slice(0, 12)}`;
  return { kind: "worker", name, action: "change", detail: `${next}; now: ${before}` };
}

/** The bindings that are to be, by name; a value that is not known yet differs from every other. */
function wantedBindings(target: Target, namespace: Observed["namespace"]): readonly Binding[] {
  const { vars, analytics } = target;
  return [
    ...OBJECT_CLASSES.map(({ binding, className }) => ({
      name: binding,
      type: "durable_object_namespace",
      value: className,
    })),
    { name: BINDING.bucket, type: "r2_bucket", value: target.bucket },
    { name: BINDING.registry, type: "kv_namespace", value: namespace?.id },
    ...(analytics === undefined ? [] : [{ name: BINDING.metrics, type: "analytics_engine", value: analytics }]),
    ...Object.entries(vars).map(([name, value]) => ({ name, type: "plain_text", value })),
  ];
}

/** What becomes of bindings and variables. */
export function bindingItems(target: Target, { namespace, worker }: Omit<Observed, "bucket">): readonly PlanItem[] {
  const wanted = wantedBindings(target, namespace);
  const present = (worker?.version.bindings ?? []).filter(({ type }) => !isSecret(type));
  const gone = present.filter(({ name }) => !wanted.some((binding) => binding.name === name));
  return [
    ...wanted.map((binding) => bindingItem(binding, actionFor(binding, present))),
    ...gone.map((binding) => bindingItem(binding, "remove")),
  ];
}

function actionFor(binding: Binding, present: readonly Binding[]): PlanAction {
  const found = present.find(({ name }) => name === binding.name);
  if (found === undefined) return "create";
  return found.type === binding.type && binding.value !== undefined && found.value === binding.value
    ? "keep"
    : "change";
}

function bindingItem({ name, type, value }: Binding, action: PlanAction): PlanItem {
  if (type === "plain_text" || type === "json") return { kind: "variable", name, action };
  const detail = TYPE_WORDS[type] ?? type;
  return { kind: "binding", name, action, detail: value === undefined ? detail : `${detail} ${value}` };
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  durable_object_namespace: "Durable Object",
  r2_bucket: "R2 bucket",
  kv_namespace: "KV namespace",
  analytics_engine: "Analytics Engine dataset",
};

function isSecret(type: string): boolean {
  return type === "secret_text" || type === "secret_key";
}

function settingItems(wish: Wish, worker: DeployedWorker | undefined): readonly PlanItem[] {
  const { compatibilityDate, target, url } = wish;
  const domains = worker?.settings.customDomains ?? [];
  const { customDomain } = target;
  const isOpen = customDomain === undefined ? worker?.settings.workersDev === true : domains.includes(customDomain);
  const dated = worker?.version.compatibilityDate === compatibilityDate;
  const action = worker === undefined ? "create" : "change";
  return [
    { kind: "address", name: url, action: isOpen ? "keep" : action },
    ...(customDomain !== undefined && worker?.settings.workersDev === true
      ? [{ kind: "address", name: "workers.dev", action: "remove" } as const]
      : []),
    { kind: "setting", name: "compatibility date", action: dated ? "keep" : action, detail: compatibilityDate },
    { kind: "setting", name: "logs", action: worker?.settings.observability === true ? "keep" : action },
  ];
}

/** Custom domains that lead to the Worker, and are not the project file's: an earlier one, or one made elsewhere. */
export function strayDomains({ customDomain }: Target, worker: DeployedWorker | undefined): readonly string[] {
  return (worker?.settings.customDomains ?? []).filter((domain) => domain !== customDomain);
}

/** What is said of one, as a sentence. */
export function strayDomain(domain: string): string {
  return `The custom domain ${domain} leads to the Worker, and is not in the project file.`;
}

/** An upload does not take it away for sure, so that is not promised. */
export function strayDomainMend(domain: string): string {
  return `Take it away in Cloudflare's dashboard, at the Worker's domains, or write it into the project file: "customDomain": "${domain}".`;
}

/** Without a terminal wrangler takes a name away from whatever it leads to, and says nothing. */
function requireFreeDomain({ name, customDomain }: Target, { domainHolder }: Observed): void {
  if (customDomain === undefined || domainHolder === undefined || domainHolder === name) return;
  throw new CommandFailure({
    code: "CUSTOM_DOMAIN_TAKEN",
    message: `${customDomain} leads to another Worker of the account, ${domainHolder}, and would be taken away from it.`,
    hint: "Choose another customDomain in the project file, or take it away from that Worker in Cloudflare's dashboard.",
    exitCode: EXIT.conflict,
  });
}

function secretItems({ operatorSecret }: Wish, worker: DeployedWorker | undefined): readonly PlanItem[] {
  const others = (worker?.version.bindings ?? []).filter(
    ({ type, name }) => isSecret(type) && name !== BINDING.operatorSecret,
  );
  return [
    { kind: "secret", name: BINDING.operatorSecret, action: operatorSecret },
    ...others.map(({ name }) => ({ kind: "secret", name, action: "keep" }) as const),
  ];
}

function warningsOf(
  { target, operatorSecret, isSecretGiven }: Wish,
  { worker, namespace, domainHolder }: Observed,
): readonly string[] {
  const { kvNamespaceId, vars, customDomain, main, name } = target;
  const warnings: string[] = [];
  if (main !== undefined && isSecretGiven && operatorSecret === "create") {
    warnings.push(
      `The Worker ${name} is new, and will know the secret of DURABLE_STREAMS_OPERATOR_SECRET: whoever wrote ${main} can read it.`,
    );
  }
  if (vars["AUTH"] === "none") {
    warnings.push("AUTH is none: everybody on the internet may read and change every stream.");
  }
  if (kvNamespaceId !== undefined && namespace?.id !== kvNamespaceId) {
    warnings.push(`The KV namespace ${kvNamespaceId} of the project file is gone; another one takes its place.`);
  }
  if (customDomain !== undefined && domainHolder === undefined) {
    warnings.push(
      `If ${customDomain} has a DNS record already, this deployment replaces it: whatever is there is cut off.`,
    );
  }
  if ((worker?.deployment.versions.length ?? 0) > 1) {
    warnings.push("Several versions answer requests at the moment; after this deployment there is one.");
  }
  return warnings;
}

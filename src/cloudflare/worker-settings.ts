import type { CloudflareApi } from "./api.ts";
import { fieldsOf, listOf, textOf } from "./fields.ts";
import { scriptPath } from "./worker-versions.ts";

/** What holds for a Worker whichever version answers. */
export interface WorkerSettings {
  /** Whether Cloudflare keeps its logs. */
  readonly observability: boolean;
  /** Whether it answers at its workers.dev address. */
  readonly workersDev: boolean;
  /** The host names of its own that lead to it. */
  readonly customDomains: readonly string[];
}

const SCRIPTS = "Workers Scripts: Edit";

export async function workerSettings(api: CloudflareApi, accountId: string, name: string): Promise<WorkerSettings> {
  const path = scriptPath(accountId, name);
  const doing = `Reading the settings of "${name}"`;
  const [settings, subdomain, customDomains] = await Promise.all([
    api.get({ path: `${path}/script-settings`, doing, permission: SCRIPTS }),
    api.get({ path: `${path}/subdomain`, doing, permission: SCRIPTS }),
    listCustomDomains(api, accountId, name),
  ]);
  return {
    observability: fieldsOf(fieldsOf(settings)["observability"])["enabled"] === true,
    workersDev: fieldsOf(subdomain)["enabled"] === true,
    customDomains,
  };
}

async function listCustomDomains(api: CloudflareApi, accountId: string, name: string): Promise<readonly string[]> {
  const path = `/accounts/${accountId}/workers/domains?service=${encodeURIComponent(name)}`;
  const doing = `Listing the custom domains of "${name}"`;
  const result = await api.get({ path, doing, permission: SCRIPTS });
  return listOf(result).flatMap((entry) => {
    const { hostname, service } = fieldsOf(entry);
    return service === name && textOf(hostname) !== undefined ? [String(hostname)] : [];
  });
}

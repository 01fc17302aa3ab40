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

/** The Worker of the account that a host name leads to; nothing where it leads to none, or to something else. */
export async function customDomainHolder(
  api: CloudflareApi,
  accountId: string,
  hostname: string,
): Promise<string | undefined> {
  const path = `/accounts/${accountId}/workers/domains?hostname=${encodeURIComponent(hostname)}`;
  const doing = `Looking for the custom domain ${hostname}`;
  const entries = listOf(await api.get({ path, doing, permission: SCRIPTS })).map(fieldsOf);
  return textOf(entries.find((entry) => entry["hostname"] === hostname)?.["service"]);
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

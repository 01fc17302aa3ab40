import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { bindingItems } from "./plan.ts";
import type { PlanItem } from "./plan-item.ts";
import { itemLine } from "./plan-text.ts";
import type { Target } from "./target.ts";

/**
 * What a deployment is to consist of, by the project file and this package alone, where Cloudflare could not be asked. It is
 * no plan: what of it is there, and what would change, nobody has looked up.
 */
export function wishText(target: Target, packageVersion: string): string {
  const lines = itemsOf(target, packageVersion).map((item) => itemLine(item, " "));
  const account = target.accountId === undefined ? "" : ` in the account ${target.accountId}`;
  return [
    `This is what the project file asks for${account}. It is no plan, as Cloudflare could not be asked what is there already:`,
    ...lines,
  ].join("\n");
}

type Wished = Omit<PlanItem, "action">;

function itemsOf(target: Target, packageVersion: string): readonly Wished[] {
  const { name, bucket, kvNamespace, kvNamespaceId, main, customDomain, url } = target;
  const pinned = kvNamespaceId === undefined ? undefined : { id: kvNamespaceId, title: kvNamespace };
  const address = url ?? (customDomain === undefined ? undefined : `https://${customDomain}`);
  return [
    { kind: "r2-bucket", name: bucket },
    { kind: "kv-namespace", name: kvNamespace, detail: kvNamespaceId ?? "its id is not known" },
    { kind: "worker", name, detail: main ?? packageVersion },
    ...bindingItems(target, { namespace: pinned, worker: undefined }),
    {
      kind: "address",
      name: address ?? `${name} at workers.dev`,
      ...(address === undefined ? { detail: "the account's subdomain is not known" } : {}),
    },
    { kind: "secret", name: BINDING.operatorSecret },
  ];
}

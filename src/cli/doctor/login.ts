import { CloudflareError } from "../../cloudflare/cloudflare-error.ts";
import { workersDevSubdomain } from "../../cloudflare/account.ts";
import { clockFinding } from "./clock.ts";
import { type Check, failed, type Finding, needs, ok, SkippedCheck } from "./check.ts";
import type { Site } from "./site.ts";

/** Who is logged in at Cloudflare, and what that login may. */
export function loginChecks(site: Site): readonly Check[] {
  return [
    { name: "login", look: () => login(site) },
    { name: "permissions", look: () => permissions(site) },
    { name: "cloudflare-clock", look: () => clock(site) },
  ];
}

async function login(site: Site): Promise<Finding> {
  const { kvNamespaceId } = await site.deploymentTarget();
  const credentials = await site.credentials().catch((error: unknown) => {
    const isMissing = error instanceof CloudflareError && error.code === "NOT_LOGGED_IN";
    if (!isMissing || kvNamespaceId !== undefined) throw error;
    throw new SkippedCheck("Nobody is logged in at Cloudflare, and nothing was deployed from here yet.", error.hint);
  });
  const { name, id } = await site.account();
  const isGiven = credentials.kind === "token" && credentials.token === process.env["CLOUDFLARE_API_TOKEN"]?.trim();
  const what = isGiven ? "CLOUDFLARE_API_TOKEN" : credentials.kind === "key" ? "An API key" : "wrangler's login";
  return ok(`${what} opens the account ${name} (${id}).`);
}

/** Cloudflare tells what a token may only by refusing the rest, so what can be seen without changing anything is asked for. */
async function permissions(site: Site): Promise<Finding> {
  await site.deploymentTarget();
  const { id } = await needs(site.account(), "No account is open.");
  const api = await site.api();
  const looks = await Promise.allSettled([
    workersDevSubdomain(api, id),
    site.worker(),
    site.bucket(),
    site.namespace(),
  ]);
  const reasons = looks.flatMap((look): unknown[] => (look.status === "rejected" ? [look.reason] : []));
  const refusals = reasons.filter(isRefusal);
  const messages = [...new Set(refusals.map(({ message }) => message))].join(" ");
  const hints = [...new Set(refusals.map(({ hint }) => hint))].join("\n");
  if (refusals.length > 0) return failed(messages, hints);
  if (reasons.length > 0) throw new SkippedCheck("Not everything was answered, so it is not known.");
  return ok("The login may look at Workers, R2 and KV. Whether it may change them, only a change tells.");
}

function isRefusal(reason: unknown): reason is CloudflareError {
  return reason instanceof CloudflareError && reason.kind === "not-allowed";
}

/** A part of the account: what the login may not look at is told once, by `permissions`. */
export async function lookAt<T>(fact: Promise<T>): Promise<T> {
  return fact.catch((error: unknown) => {
    if (isRefusal(error)) throw new SkippedCheck("The login may not look at it.");
    throw error;
  });
}

async function clock(site: Site): Promise<Finding> {
  await site.deploymentTarget();
  await needs(site.api(), "Nobody is logged in at Cloudflare.");
  // A refusal tells the time as well.
  await site.account().catch(() => undefined);
  return clockFinding(site.answers, "Cloudflare");
}

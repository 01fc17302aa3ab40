import { findAccount, listAccounts, workersDevSubdomain, type Account } from "../../cloudflare/account.ts";
import { CloudflareApi } from "../../cloudflare/api.ts";
import { findCredentials } from "../../cloudflare/login.ts";
import { locateWrangler, type WranglerOptions } from "../../cloudflare/wrangler.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { Target } from "./target.ts";

/** Where a deployment goes, and what opens it. */
export interface Destination {
  readonly api: CloudflareApi;
  readonly account: Account;
  /** Where the deployment is reached, without a slash at the end. */
  readonly url: string;
}

/** What the preflight needs beside the target. */
export interface PreflightOptions extends WranglerOptions {
  readonly userAgent: string;
  readonly trace?: ((line: string) => void) | undefined;
}

/** Makes sure of wrangler, login, account and address before anything is asked about the deployment itself. */
export async function preflight(target: Target, options: PreflightOptions): Promise<Destination> {
  await locateWrangler(options.packageRoot);
  const credentials = await findCredentials(options);
  const { userAgent, signal, trace } = options;
  const api = new CloudflareApi({ credentials, userAgent, signal, trace });
  const account = await chooseAccount(api, target);
  return { api, account, url: await addressOf(api, account, target) };
}

/** The account that the environment or the file names, or the only one that the login opens. */
export async function chooseAccount(api: CloudflareApi, target: Target): Promise<Account> {
  const fromEnvironment = process.env["CLOUDFLARE_ACCOUNT_ID"];
  const given = fromEnvironment === "" ? undefined : fromEnvironment;
  if (given !== undefined && target.accountId !== undefined && given !== target.accountId) {
    throw usageFailure(
      `CLOUDFLARE_ACCOUNT_ID is ${given}, and the project file has the account ${target.accountId}.`,
      "What is deployed is in the account of the project file: unset the variable, or take accountId out to deploy anew.",
    );
  }
  const id = given ?? target.accountId;
  return id === undefined ? onlyAccount(await listAccounts(api)) : namedAccount(api, id);
}

async function namedAccount(api: CloudflareApi, id: string): Promise<Account> {
  const account = await findAccount(api, id);
  if (account !== undefined) return account;
  throw new CommandFailure({
    code: "ACCOUNT_NOT_FOUND",
    message: `This login opens no account ${id}.`,
    hint: "Check CLOUDFLARE_ACCOUNT_ID or accountId in the project file, or log in with the account's own login: npx wrangler login",
    exitCode: EXIT.notAllowed,
  });
}

function onlyAccount(accounts: readonly Account[]): Account {
  const [first, ...others] = accounts;
  if (first === undefined) {
    throw new CommandFailure({
      code: "ACCOUNT_NOT_FOUND",
      message: "This login opens no account that can be listed.",
      hint: "Name it by CLOUDFLARE_ACCOUNT_ID, and give an API token the permission Account Settings: Read for it.",
      exitCode: EXIT.notAllowed,
    });
  }
  if (others.length === 0) return first;
  const names = accounts.map(({ id, name }) => `  ${id}  ${name}`).join("\n");
  throw usageFailure(
    "This login opens several accounts.",
    `Say which one by CLOUDFLARE_ACCOUNT_ID, or by accountId in the project file:\n${names}`,
  );
}

/** The address that the file names, else the custom domain, else the one at workers.dev. */
export async function addressOf(api: CloudflareApi, account: Account, target: Target): Promise<string> {
  const { url, customDomain, name } = target;
  const given = url === undefined ? undefined : originOf(url);
  if (customDomain !== undefined) return given ?? `https://${customDomain}`;
  const subdomain = await workersDevSubdomain(api, account.id);
  if (subdomain !== undefined) return given ?? `https://${name}.${subdomain}.workers.dev`;
  throw new CommandFailure({
    code: "NO_WORKERS_DEV_SUBDOMAIN",
    message: `The account ${account.name} has chosen no workers.dev subdomain yet, and the deployment has no customDomain.`,
    hint: `Choose one at https://dash.cloudflare.com/${account.id}/workers/onboarding, or set customDomain in the project file.`,
  });
}

/** A Worker answers at the root of its address. */
function originOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  if (pathname === "/" && search === "") return origin;
  throw usageFailure(
    `url ${url} in the project file has a path or a query.`,
    `A deployment has neither: write ${origin}.`,
  );
}

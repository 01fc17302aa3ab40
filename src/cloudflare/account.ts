import type { CloudflareApi } from "./api.ts";
import { isNotFound } from "./cloudflare-error.ts";
import { fieldsOf, textOf } from "./fields.ts";

export interface Account {
  readonly id: string;
  readonly name: string;
}

const READ_ACCOUNT = "Account Settings: Read";

/** The accounts that a login opens. */
export async function listAccounts(api: CloudflareApi): Promise<readonly Account[]> {
  const accounts: Account[] = [];
  const request = { path: "/accounts", doing: "Listing the accounts of this login", permission: READ_ACCOUNT };
  for await (const entry of api.list(request)) {
    const account = accountOf(entry);
    if (account !== undefined) accounts.push(account);
  }
  return accounts;
}

/** An account by its id, or nothing if this login does not open it. */
export async function findAccount(api: CloudflareApi, id: string): Promise<Account | undefined> {
  try {
    const path = `/accounts/${encodeURIComponent(id)}`;
    return accountOf(await api.get({ path, doing: `Looking for the account ${id}`, permission: READ_ACCOUNT }));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function accountOf(entry: unknown): Account | undefined {
  const { id: given, name } = fieldsOf(entry);
  const id = textOf(given);
  return id === undefined ? undefined : { id, name: textOf(name) ?? id };
}

/** The account's part of its workers.dev addresses, or nothing while it has chosen none. */
export async function workersDevSubdomain(api: CloudflareApi, accountId: string): Promise<string | undefined> {
  try {
    const result = await api.get({
      path: `/accounts/${accountId}/workers/subdomain`,
      doing: "Asking for the account's workers.dev subdomain",
      permission: "Workers Scripts: Edit",
    });
    return textOf(fieldsOf(result)["subdomain"]);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

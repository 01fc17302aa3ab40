import { LOGIN_HINT } from "./answer-error.ts";
import type { CloudflareCredentials } from "./api.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { runWrangler, type WranglerOptions } from "./wrangler.ts";

/** The credentials that wrangler will use too: those of the environment, else those that it has itself. */
export async function findCredentials(options: WranglerOptions): Promise<CloudflareCredentials> {
  const token = process.env["CLOUDFLARE_API_TOKEN"]?.trim();
  if (token !== undefined && token !== "") return { kind: "token", token };
  return credentialsOfWrangler(options);
}

/**
 * Asks wrangler, which knows its login and renews it. It prints one JSON object, of type `oauth`, `api_token` or
 * `api_key`. What cannot be read is not quoted, as the parser's own error would: it may be a part of a credential.
 */
async function credentialsOfWrangler(options: WranglerOptions): Promise<CloudflareCredentials> {
  const doing = "Asking wrangler for its login";
  const { stdout } = await runWrangler(options, { args: ["auth", "token", "--json"], doing, silent: true }).catch(
    (error: unknown) => {
      if (error instanceof CloudflareError && error.code === "WRANGLER_FAILED") throw notLoggedIn(error);
      throw error;
    },
  );
  const { token, key, email } = fieldsOf(parsed(stdout));
  const found = textOf(token);
  if (found !== undefined) return { kind: "token", token: found };
  const [apiKey, address] = [textOf(key), textOf(email)];
  if (apiKey !== undefined && address !== undefined) return { kind: "key", key: apiKey, email: address };
  throw notLoggedIn();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notLoggedIn(cause?: Error): CloudflareError {
  return new CloudflareError(
    {
      kind: "not-allowed",
      code: "NOT_LOGGED_IN",
      message: "There is no login for Cloudflare: CLOUDFLARE_API_TOKEN is not set, and wrangler has none.",
      hint: LOGIN_HINT,
    },
    { cause },
  );
}

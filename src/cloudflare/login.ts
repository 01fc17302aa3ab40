import { LOGIN_HINT, noAnswerError } from "./answer-error.ts";
import { apiBaseUrl, type CloudflareCredentials } from "./api.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { runWrangler, type WranglerOptions } from "./wrangler.ts";

/** The credentials that wrangler will use too: those of the environment, else those that it has itself. */
export async function findCredentials(options: WranglerOptions): Promise<CloudflareCredentials> {
  const token = process.env["CLOUDFLARE_API_TOKEN"]?.trim();
  if (token !== undefined && token !== "") return { kind: "token", token };
  return credentialsOfWrangler(options);
}

/** What wrangler reports where it has no login, and where it has one that it could not renew. */
const NOT_LOGGED_IN = /not logged in/i;
const NETWORK_WITHIN_MS = 10_000;

/** Without a network wrangler cannot renew its login, and says the same as if it had none. Any answer shows that there is one. */
async function requireNetwork(doing: string, signal: AbortSignal | undefined): Promise<void> {
  const baseUrl = apiBaseUrl();
  const timeout = AbortSignal.timeout(NETWORK_WITHIN_MS);
  try {
    const response = await fetch(`${baseUrl}/user/tokens/verify`, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: "manual",
    });
    await response.body?.cancel();
  } catch (error) {
    signal?.throwIfAborted();
    throw noAnswerError(error, { doing, permission: "" }, baseUrl);
  }
}

/**
 * Asks wrangler, which knows its login and renews it. It prints one JSON object, of type `oauth`, `api_token` or
 * `api_key`. What cannot be read is not quoted, as the parser's own error would: it may be a part of a credential.
 */
async function credentialsOfWrangler(options: WranglerOptions): Promise<CloudflareCredentials> {
  const doing = "Asking wrangler for its login";
  const { stdout } = await runWrangler(options, { args: ["auth", "token", "--json"], doing, silent: true }).catch(
    async (error: unknown) => {
      if (!(error instanceof CloudflareError) || !NOT_LOGGED_IN.test(error.message)) throw error;
      await requireNetwork(doing, options.signal);
      throw notLoggedIn(error);
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

import { createStreamWorker, type AuthResult, type BaseEnv } from "durable-streams/worker";

interface Env extends BaseEnv {
  /** Under the SHA-256 of an API key, in hexadecimal: what the key may do. */
  API_KEYS: KVNamespace;
}

/** What is stored for an API key. */
interface Grant {
  readonly project: string;
  readonly access: "read" | "write";
}

/**
 * Decides by an API key in `X-Api-Key`. KV takes up to a minute or more to notice that a key was taken away; where that is
 * too long, use the signed tokens of `projectJwtAuth()`.
 */
async function authorize(request: Request, doKey: string, env: Env, access: Grant["access"]): Promise<AuthResult> {
  const key = request.headers.get("X-Api-Key");
  if (key === null) return refuse(401, "Send an API key in X-Api-Key.");
  const grant = await env.API_KEYS.get<Grant>(await sha256(key), { type: "json", cacheTtl: 60 });
  if (grant === null) return refuse(401, "This API key is not known.");
  const isOpen =
    grant.project === doKey.slice(0, doKey.indexOf("/")) && (access === "read" || grant.access === "write");
  return isOpen ? { ok: true } : refuse(403, "This API key does not allow that.");
}

function refuse(status: number, message: string): AuthResult {
  return { ok: false, response: Response.json({ error: { code: "API_KEY", message } }, { status }) };
}

/** Only the digest is stored: whoever reads the namespace learns no key. Keys are long and random, so that is enough. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default createStreamWorker<Env>({
  authorizeRead: (request, doKey, env) => authorize(request, doKey, env, "read"),
  authorizeMutation: (request, doKey, env) => authorize(request, doKey, env, "write"),
});

export { DirectoryDO, StreamDO, SubscriptionDO } from "durable-streams/worker";

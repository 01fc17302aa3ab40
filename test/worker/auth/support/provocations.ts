import { PROJECT_KEYS_MAX } from "../../../../src/protocol/limits.ts";
import type { ErrorCode } from "../../../../src/protocol/errors.ts";
import { keyId, newSecret } from "../../../../src/protocol/secret.ts";
import { freshName, sendTo } from "../../support/stream-client.ts";
import { bearer, GuardedServer } from "./guarded-server.ts";
import { noSignature, nowSeconds, projectToken, type TokenChange } from "./tokens.ts";

interface Provocation {
  readonly status: number;
  /** A request that gets this error. */
  readonly provoke: () => Promise<Response>;
}

const server = new GuardedServer();

/** Appends to a stream of a project with a token that is good but for the change. */
async function append(change: TokenChange, key?: string): Promise<Response> {
  const { name, secret } = await server.createProject();
  const headers = bearer(await projectToken(name, key ?? secret, change));
  return server.send(`/v1/${name}/stream/a`, { method: "POST", headers, body: "1" });
}

/** Appends where nothing about projects can be found out. */
async function appendWithout(bindings: Readonly<Record<string, unknown>>): Promise<Response> {
  const name = freshName("unknown").slice(0, 64);
  const headers = bearer(await projectToken(name, newSecret("project")));
  return new GuardedServer(bindings).send(`/v1/${name}/stream/a`, { method: "POST", headers, body: "1" });
}

const down = (): Promise<never> => Promise.reject(new Error("it is down"));

/** One request for every code of authorisation, of projects and of rates; the answers carry no origin but the last. */
export const AUTH_PROVOCATIONS = {
  TOKEN_REQUIRED: { status: 401, provoke: () => server.send("/v1/stream/a", { method: "POST", body: "1" }) },
  TOKEN_MALFORMED: {
    status: 401,
    provoke: () => server.send("/v1/stream/a", { method: "POST", headers: bearer("garbage"), body: "1" }),
  },
  TOKEN_ALGORITHM: { status: 401, provoke: () => append({ header: { alg: "none" }, sign: noSignature }) },
  TOKEN_KIND: { status: 401, provoke: () => append({ header: { typ: "at+jwt" } }) },
  TOKEN_KEY_UNKNOWN: { status: 401, provoke: () => append({}, newSecret("project")) },
  TOKEN_SIGNATURE: { status: 401, provoke: () => append({ sign: noSignature }) },
  TOKEN_CLAIMS: { status: 401, provoke: () => append({ claims: { scope: "admin" } }) },
  TOKEN_EXPIRED: { status: 401, provoke: () => append({ claims: { exp: nowSeconds() - 1 } }) },
  TOKEN_NOT_YET_VALID: { status: 401, provoke: () => append({ claims: { nbf: nowSeconds() + 60 } }) },
  TOKEN_LIFETIME: { status: 401, provoke: () => append({ claims: { exp: nowSeconds() + 91 * 24 * 3600 } }) },
  TOKEN_PROJECT: { status: 403, provoke: () => append({ claims: { sub: "another" } }) },
  TOKEN_STREAM: { status: 403, provoke: () => append({ claims: { stream_id: "b" } }) },
  TOKEN_SCOPE: { status: 403, provoke: () => append({ claims: { scope: "read" } }) },
  KEYS_UNAVAILABLE: {
    status: 503,
    provoke: () => appendWithout({ PROJECTS: { getByName: () => ({ record: down }) }, REGISTRY: { get: down } }),
  },

  PROJECT_NOT_FOUND: { status: 404, provoke: () => server.operate("/projects/nobody") },
  PROJECT_EXISTS: {
    status: 409,
    provoke: async () => {
      const { name } = await server.createProject();
      return server.operate("/projects", "POST", { name });
    },
  },
  INVALID_PROJECT_SETTINGS: {
    status: 400,
    provoke: async () => {
      const { name } = await server.createProject();
      return server.operate(`/projects/${name}`, "PATCH", { settings: { corsOrigins: ["app.example"] } });
    },
  },
  INVALID_SECRET: {
    status: 400,
    provoke: () => server.operate("/projects", "POST", { name: "weak", secret: "too short" }),
  },
  TOO_MANY_KEYS: {
    status: 409,
    provoke: async () => {
      const { name } = await server.createProject();
      for (let keys = 1; keys < PROJECT_KEYS_MAX; keys++) await server.operate(`/projects/${name}/keys`, "POST", {});
      return server.operate(`/projects/${name}/keys`, "POST", {});
    },
  },
  KEY_NOT_FOUND: {
    status: 404,
    provoke: async () => {
      const { name } = await server.createProject();
      return server.operate(`/projects/${name}/keys/0000000000000000`, "DELETE");
    },
  },
  KEY_SIGNS: {
    status: 409,
    provoke: async () => {
      const { name, secret } = await server.createProject();
      return server.operate(`/projects/${name}/keys/${await keyId(secret)}`, "DELETE");
    },
  },
  INVALID_FIELD: { status: 400, provoke: () => server.operate("/projects", "POST", { nme: "misspelt" }) },
  RATE_LIMITED: {
    status: 429,
    provoke: () => sendTo({}, { RATE_LIMITER: { limit: () => Promise.resolve({ success: false }) } })("/v1/stream/a"),
  },
} as const satisfies Partial<Record<ErrorCode, Provocation>>;

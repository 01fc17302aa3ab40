import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { RESERVED_SEGMENT } from "../../protocol/path.ts";
import { useProblem, type Scope, type TokenUse } from "../../protocol/token.ts";
import type { Authorization } from "../edge/authorization.ts";
import { bindingError } from "../edge/configuration.ts";
import { isForOperators } from "../edge/operator/operator-route.ts";
import { respondError } from "../edge/responses.ts";
import type { BaseEnv } from "../env.ts";
import { bearerToken } from "./bearer-token.ts";
import { ProjectKeys, type ProjectBindings } from "./project-keys.ts";
import { unlessPublic } from "./public-refusal.ts";
import { respondRefusal } from "./refusals.ts";
import type { AuthResult } from "./types.ts";
import { VerifiedTokens } from "./verified-tokens.ts";
import { verifyToken, type TokenMemory } from "./verify-token.ts";

/** The list of a project's streams, as the authorisation is asked about it. */
const STREAM_LIST = `${RESERVED_SEGMENT}/streams`;

const FOR_OPERATORS = protocolError(
  "OPERATOR_CLOSED",
  "No project's token opens the operator API; set OPERATOR_SECRET, and use a token that is signed with it.",
);

/** What {@link projectJwtAuth} gives to `createStreamWorker`. */
export type ProjectJwtAuth<E> = Required<Authorization<E>>;

/**
 * Authorisation by the tokens of projects: JSON Web Tokens in `Authorization: Bearer`, HS256, signed with one of the
 * project's secrets. `sub` is the project; `scope` is `write`, which includes reading, or `read`; `exp` is required and
 * at most 90 days ahead; `nbf` is optional. `stream_id` limits a token to one stream and `stream_prefix` to those whose
 * path begins with it, for reads and writes alike; such a token lists no more streams than those, and has no part in
 * subscriptions, which concern the project as a whole. Streams created with `?public=true` are read without a token, as long
 * as there is the project.
 *
 * A revoked key opens nothing after 30 s, and what it opened ends within 45 s; a new key works within 2 s. While the
 * project's object does not answer, KV's copy of it counts, and keys that are known go on for an hour; other tokens get
 * 503 `KEYS_UNAVAILABLE`. Refusals are 401 or 403 with `WWW-Authenticate` and a code that says why. Without the bindings
 * PROJECTS and REGISTRY everything is 500 `BINDING_MISSING`.
 */
export function projectJwtAuth<E extends BaseEnv = BaseEnv>(): ProjectJwtAuth<E> {
  const memory: TokenMemory = { keys: new ProjectKeys(), tokens: new VerifiedTokens() };
  return {
    authorizeMutation: (request, doKey, env) => authorize("write", request, doKey, env, memory),
    authorizeRead: async (request, doKey, env) => {
      const result = await authorize("read", request, doKey, env, memory);
      if (result.ok || (await isDeleted(doKey, env, memory))) return result;
      return { ok: false, response: unlessPublic(result.response) };
    },
    settingsOf: async (project, env) => {
      const bindings = projectBindings(env);
      return isProblem(bindings) ? undefined : (await memory.keys.current(project, bindings)).record;
    },
    isRemembered: ({ headers }, project) => {
      const token = bearerToken(headers.get("Authorization"), "project");
      return token.ok && memory.tokens.has(token.value.text, project);
    },
  };
}

async function authorize(
  access: Scope,
  request: Request,
  doKey: string,
  env: BaseEnv,
  memory: TokenMemory,
): Promise<AuthResult> {
  const bindings = projectBindings(env);
  if (isProblem(bindings)) return { ok: false, response: respondError(bindings) };
  // Without an operator secret the operator API asks here, should `OPERATOR_API` say that it is open.
  if (isForOperators(new URL(request.url).pathname)) return { ok: false, response: respondError(FOR_OPERATORS) };
  const token = bearerToken(request.headers.get("Authorization"), "project");
  if (!token.ok) return refused(token.error);
  const project = projectOf(doKey);
  const use = { project, access, ...scopeOf(doKey.slice(project.length + 1), request.url) };
  const claims = await verifyToken(token.value, use.project, bindings, memory);
  if (!claims.ok) return refused(claims.error);
  const problem = useProblem(claims.value, use);
  return problem === undefined ? { ok: true } : refused(problem);
}

/**
 * What a request is about: a stream, or what lies below the reserved segment and concerns the project as a whole, such as its
 * subscriptions. The list of its streams may be limited to a prefix.
 */
function scopeOf(path: string, url: string): Pick<TokenUse, "path" | "prefix"> {
  if (!path.startsWith(`${RESERVED_SEGMENT}/`)) return { path };
  // The first one counts, as it does for the list itself.
  const prefix = path === STREAM_LIST ? new URL(url).searchParams.get("prefix") : null;
  return { path: undefined, ...(prefix === null ? {} : { prefix }) };
}

/** Whether there certainly is no such project (any more): then nothing of it is public either. */
async function isDeleted(doKey: string, env: BaseEnv, { keys }: TokenMemory): Promise<boolean> {
  const bindings = projectBindings(env);
  if (isProblem(bindings)) return false;
  const project = projectOf(doKey);
  const known = await keys.current(project, bindings);
  // One that is not there may have been made a moment ago.
  const { record, isFailing } = known.record === undefined ? await keys.recheck(project, bindings) : known;
  return record === undefined && !isFailing;
}

/** No project's name holds a slash. */
function projectOf(doKey: string): string {
  return doKey.slice(0, doKey.indexOf("/"));
}

function refused(error: ProtocolError): AuthResult {
  return { ok: false, response: respondRefusal(error) };
}

function projectBindings({ PROJECTS, REGISTRY }: BaseEnv): ProjectBindings | ProtocolError {
  if (PROJECTS === undefined) return bindingError("PROJECTS");
  return REGISTRY === undefined ? bindingError("REGISTRY") : { PROJECTS, REGISTRY };
}

function isProblem(bindings: ProjectBindings | ProtocolError): bindings is ProtocolError {
  return "code" in bindings;
}

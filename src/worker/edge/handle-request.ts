import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import type { AuthorizeMutation, AuthorizeRead, AuthResult } from "../auth/types.ts";
import type { BaseEnv } from "../env.ts";
import { handleAppend } from "./append.ts";
import type { StreamContext } from "./context.ts";
import { handleCreate } from "./create.ts";
import { handleDelete } from "./delete.ts";
import { handleHead } from "./head.ts";
import { respondHealth } from "./health.ts";
import { hostError } from "./host.ts";
import { handleRead } from "./read.ts";
import { respondError, respondPreflight, withEveryAnswer } from "./responses.ts";
import { matchRoute } from "./route.ts";
import { timed, type Timing } from "../timing.ts";

/** Who may do what; what is left out is allowed to everybody. */
export interface Authorization<E> {
  readonly authorizeMutation?: AuthorizeMutation<E>;
  readonly authorizeRead?: AuthorizeRead<E>;
}

/** How a method acts on a stream, and which of the two questions it has to pass. */
interface Operation {
  readonly access: "read" | "mutation";
  readonly handle: (context: StreamContext) => Promise<Response>;
}

const OPERATIONS = new Map<string, Operation>([
  ["GET", { access: "read", handle: handleRead }],
  ["HEAD", { access: "read", handle: handleHead }],
  ["PUT", { access: "mutation", handle: handleCreate }],
  ["POST", { access: "mutation", handle: handleAppend }],
  ["DELETE", { access: "mutation", handle: handleDelete }],
]);

const STREAM_METHODS = [...OPERATIONS.keys(), "OPTIONS"].join(", ");
const HEALTH_METHODS = "GET, HEAD, OPTIONS";

/** One request, from its URL to its answer: host, route, authorisation, operation. */
export async function handleRequest<E extends BaseEnv>(
  request: Request,
  env: E,
  authorization: Authorization<E>,
  timing: Timing | null,
): Promise<Response> {
  const url = new URL(request.url);
  const misdirected = hostError(env.ALLOWED_HOSTS, url, request.headers.get("Host"));
  if (misdirected !== undefined) return respondError(misdirected);
  if (request.method === "OPTIONS") return respondPreflight();
  const route = matchRoute(url.pathname);
  if (!route.ok) return respondError(route.error);
  if (route.value.kind === "health")
    return isReadMethod(request.method) ? respondHealth() : respondMethodNotAllowed(request.method, HEALTH_METHODS);

  const operation = OPERATIONS.get(request.method);
  if (operation === undefined) return respondMethodNotAllowed(request.method, STREAM_METHODS);
  const missing = missingBinding(env);
  if (missing !== undefined) return respondError(missing);
  const { doKey } = route.value;
  const auth = await timed(timing, "auth", async () =>
    authorize(operation.access, request, doKey, env, authorization, timing),
  );
  if (!isAllowed(auth)) return withEveryAnswer(auth.response);
  const readsAreOpen = authorization.authorizeRead === undefined;
  return operation.handle({ request, url, object: env.STREAMS.getByName(doKey), timing, readsAreOpen });
}

function isReadMethod(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function respondMethodNotAllowed(method: string, allowed: string): Response {
  return respondError(protocolError("METHOD_NOT_ALLOWED", `${method} means nothing here; use one of ${allowed}.`), {
    Allow: allowed,
  });
}

async function authorize<E>(
  access: Operation["access"],
  request: Request,
  doKey: string,
  env: E,
  authorization: Authorization<E>,
  timing: Timing | null,
): Promise<AuthResult> {
  const decide = access === "read" ? authorization.authorizeRead : authorization.authorizeMutation;
  return decide === undefined ? { ok: true } : decide(request, doKey, env, timing);
}

/** A callback written without types may return anything: only a plain yes is one. */
function isAllowed(auth: AuthResult): auth is Extract<AuthResult, { ok: true }> {
  const { ok }: { readonly ok: unknown } = auth;
  return ok === true;
}

/** A Worker that was configured without one of our bindings hears which, and what to add, at its first request. */
function missingBinding(env: Partial<BaseEnv>): ProtocolError | undefined {
  if (env.STREAMS !== undefined) return undefined;
  const lines = `"durable_objects": { "bindings": [{ "name": "STREAMS", "class_name": "StreamDO" }] }, "migrations": [{ "tag": "v1", "new_sqlite_classes": ["StreamDO"] }]`;
  return protocolError(
    "BINDING_MISSING",
    `The Worker has no binding STREAMS; add to its wrangler configuration: ${lines}`,
  );
}

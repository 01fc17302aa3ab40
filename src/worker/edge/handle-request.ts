import type { AuthorizeMutation, AuthorizeRead, AuthResult } from "../auth/types.ts";
import type { BaseEnv } from "../env.ts";
import { handleAppend } from "./append.ts";
import { BLOCK_MEMORY } from "../segments/block-memory.ts";
import { configurationError } from "./configuration.ts";
import type { StreamContext } from "./context.ts";
import { handleCreate } from "./create.ts";
import { handleDelete } from "./delete.ts";
import { handleHead } from "./head.ts";
import { respondHealth } from "./health.ts";
import { hostError } from "./host.ts";
import { handleOperator } from "./operator/handle-operator.ts";
import { handleRead } from "./read.ts";
import { respondError, respondMethodNotAllowed, respondPreflight, withEveryAnswer } from "./responses.ts";
import { matchRoute } from "./route.ts";
import { SegmentCache } from "./segment-cache.ts";
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

/** What a Worker is given beside the request. */
export interface Surroundings<E> {
  readonly env: E;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
  readonly authorization: Authorization<E>;
  readonly timing: Timing | null;
}

/** One request, from its URL to its answer: host, route, authorisation, operation. */
export async function handleRequest<E extends BaseEnv>(request: Request, around: Surroundings<E>): Promise<Response> {
  const { env } = around;
  const { method } = request;
  const url = new URL(request.url);
  const misdirected = hostError(env.ALLOWED_HOSTS, url, request.headers.get("Host"));
  if (misdirected !== undefined) return respondError(misdirected);
  const route = matchRoute(url.pathname);
  const isOperators = route.ok && route.value.kind === "operator";
  if (method === "OPTIONS" && !isOperators) return respondPreflight();
  if (!route.ok) return respondError(route.error);
  if (route.value.kind === "health")
    return isReadMethod(method) ? respondHealth() : respondMethodNotAllowed(method, HEALTH_METHODS);

  const error = configurationError(env);
  if (error !== undefined) return respondError(error);
  const context = streamContext(request, url, route.value.doKey, around);
  if (route.value.kind === "stream") return handleStream(context, around);
  return handleOperator(route.value.subject, context, env.OPERATOR_API, (access) =>
    refuse(access, request, context.name, around),
  );
}

function streamContext<E extends BaseEnv>(
  request: Request,
  url: URL,
  name: string,
  around: Surroundings<E>,
): StreamContext {
  const { env, ctx, authorization, timing } = around;
  const cache = new SegmentCache(url.origin, (work) => {
    ctx.waitUntil(work);
  });
  return {
    request,
    url,
    name,
    object: env.STREAMS.getByName(name),
    streams: env.STREAMS,
    segments: { memory: BLOCK_MEMORY, cache, bucket: env.R2 },
    timing,
    refuseRead: (other, otherName) => refuseRead(request, other, otherName, around),
    readsAreOpen: authorization.authorizeRead === undefined,
  };
}

/** Asks about a read of another stream, with what the request brought along to prove who it is from. */
async function refuseRead<E>(
  request: Request,
  url: URL,
  name: string,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  return refuse("read", withUrl(request, url), name, around);
}

/** The same client, asking to read something else. */
function withUrl(request: Request, url: URL): Request {
  const { headers, cf } = request;
  return new Request(url, { headers, ...(cf === undefined ? {} : { cf }) });
}

/** The answer of the authorisation, when it is not a yes. */
async function refuse<E>(
  access: Operation["access"],
  request: Request,
  name: string,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  const auth = await timed(around.timing, "auth", async () => authorize(access, request, name, around));
  return isAllowed(auth) ? undefined : withEveryAnswer(auth.response);
}

async function handleStream<E extends BaseEnv>(context: StreamContext, around: Surroundings<E>): Promise<Response> {
  const { request, name } = context;
  const operation = OPERATIONS.get(request.method);
  if (operation === undefined) return respondMethodNotAllowed(request.method, STREAM_METHODS);
  return (await refuse(operation.access, request, name, around)) ?? operation.handle(context);
}

function isReadMethod(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

async function authorize<E>(
  access: Operation["access"],
  request: Request,
  doKey: string,
  { env, authorization, timing }: Surroundings<E>,
): Promise<AuthResult> {
  const decide = access === "read" ? authorization.authorizeRead : authorization.authorizeMutation;
  return decide === undefined ? { ok: true } : decide(request, doKey, env, timing);
}

/** A callback written without types may return anything: only a plain yes is one. */
function isAllowed(auth: AuthResult): auth is Extract<AuthResult, { ok: true }> {
  const { ok }: { readonly ok: unknown } = auth;
  return ok === true;
}

import type { AuthorizeMutation, AuthorizeRead, AuthResult, SettingsOf } from "../auth/types.ts";
import type { Measurement } from "../metrics/measurement.ts";
import { timed, type Timing } from "../timing.ts";
import { unlessPublic, yieldsToPublic } from "../auth/public-refusal.ts";
import { withEveryAnswer } from "./responses.ts";

/** Who may do what; what is left out is allowed to everybody. */
export interface Authorization<E> {
  readonly authorizeMutation?: AuthorizeMutation<E>;
  readonly authorizeRead?: AuthorizeRead<E>;
  /**
   * Which pages of other origins may use a project, and its limits. Without it every page may, and the server's own limits
   * hold. Asked about requests that were let in, and about refusals that a page of another origin is to read.
   */
  readonly settingsOf?: SettingsOf<E>;
  /**
   * Whether a request on a project's stream proves who it is from by what was verified for that project before: it then
   * does not count on its address (`RATE_LIMITER`).
   */
  readonly isRemembered?: (request: Request, project: string) => boolean;
}

/** What a Worker is given beside the request. */
export interface Surroundings<E> {
  readonly env: E;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
  readonly authorization: Authorization<E>;
  readonly timing: Timing | null;
  readonly measurement: Measurement;
}

/** The two questions that an operation may have to pass. */
export type Access = "read" | "mutation";

/** What answers one of them; without it everybody may. */
export function decider<E>(
  access: Access,
  { authorizeRead, authorizeMutation }: Authorization<E>,
): AuthorizeRead<E> | AuthorizeMutation<E> | undefined {
  return access === "read" ? authorizeRead : authorizeMutation;
}

/** The answer of the authorisation, when it is not a yes. */
export async function refuse<E>(
  access: Access,
  request: Request,
  name: string,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  const auth = await timed(around.timing, "auth", async () => authorize(access, request, name, around));
  if (isAllowed(auth)) return undefined;
  const refusal = withEveryAnswer(auth.response);
  // That a stream is public means nothing to a mutation, also where what decides about reads decides about it.
  return access === "read" && yieldsToPublic(auth.response) ? unlessPublic(refusal) : refusal;
}

/**
 * Asks again about a reader that was let in. Only a clear no ends its read, and not that nobody can tell at the moment;
 * nor does a no that means nothing to a public stream.
 */
export async function recheckRead<E>(
  request: Request,
  name: string,
  isPublic: boolean,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  const refusal = await refuse("read", request, name, around);
  if (refusal === undefined || (isPublic && yieldsToPublic(refusal))) return undefined;
  return refusal.status >= 500 || refusal.status === TOO_MANY_REQUESTS ? undefined : refusal;
}

const TOO_MANY_REQUESTS = 429;

/** Asks about a read of another stream, with what the request brought along to prove who it is from. */
export async function refuseRead<E>(
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

async function authorize<E>(
  access: Access,
  request: Request,
  doKey: string,
  { env, authorization, timing }: Surroundings<E>,
): Promise<AuthResult> {
  const decide = decider(access, authorization);
  return decide === undefined ? { ok: true } : decide(request, doKey, env, timing);
}

/** A callback written without types may return anything: only a plain yes is one. */
function isAllowed(auth: AuthResult): auth is Extract<AuthResult, { ok: true }> {
  const { ok }: { readonly ok: unknown } = auth;
  return ok === true;
}

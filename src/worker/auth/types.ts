import type { ProjectSettings } from "../../protocol/project.ts";
import type { Timing } from "../timing.ts";

/** Whether a request may go on; when not, the answer it gets. */
export type AuthResult = { readonly ok: true } | { readonly ok: false; readonly response: Response };

/** As {@link AuthResult}, for reads. */
export type ReadAuthResult = AuthResult;

/**
 * Decides whether a request may create, append to, close or delete a stream. It gets the request with its body unread,
 * the name of the stream's object (`project/path`), the Worker's bindings, and the request's timing or `null`. What it
 * throws is answered with 500 without details, and nothing is done.
 *
 * It is asked about a project's subscriptions as well, when one is made, changed, deleted or claimed, and about a new key
 * that signs webhooks: the name is then `project/__ds/` and what follows that in the URL, and no stream is called so. Acks,
 * releases and callbacks are not asked about: they carry the token of the wake.
 */
export type AuthorizeMutation<E> = (
  request: Request,
  doKey: string,
  env: E,
  timing: Timing | null,
) => AuthResult | Promise<AuthResult>;

/**
 * Decides whether a request may read a stream, with GET or HEAD, or see a project's streams (`project/__ds/streams`) or
 * subscriptions; otherwise as {@link AuthorizeMutation}. A live read is asked
 * about again every 15 s while it lasts, with the same request, and ends when it is refused: SSE closes, a long-poll answers
 * the refusal. A refusal of 429 or 5xx lets it go on.
 */
export type AuthorizeRead<E> = (
  request: Request,
  doKey: string,
  env: E,
  timing: Timing | null,
) => ReadAuthResult | Promise<ReadAuthResult>;

/** Tells what holds for a project, such as the origins whose pages may use it; `undefined` when there is none of that name. */
export type SettingsOf<E> = (project: string, env: E) => Promise<ProjectSettings | undefined>;

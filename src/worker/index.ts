import { protocolError, quote } from "../protocol/errors.ts";
import {
  createStreamWorker,
  projectJwtAuth,
  type AuthResult,
  type BaseEnv,
  type StreamWorker,
} from "./create-stream-worker.ts";
import { respondError } from "./edge/responses.ts";

export { DirectoryDO } from "./directory/directory-do.ts";
export { ProjectDO } from "./projects/project-do.ts";
export { StreamDO } from "./stream/stream-do.ts";
export { SubscriptionDO } from "./subscriptions/subscription-do.ts";

const guarded = createStreamWorker(projectJwtAuth());
const open = createStreamWorker();
const misconfigured = createStreamWorker({ authorizeMutation: refuseAuth, authorizeRead: refuseAuth });

/** The shipped Worker: guarded by the tokens of projects, unless the variable `AUTH` says that everybody may do everything. */
export default {
  fetch: (request, env, ctx) => workerFor(env.AUTH).fetch(request, env, ctx),
} satisfies ExportedHandler<BaseEnv>;

function workerFor(auth: string | undefined): StreamWorker<BaseEnv> {
  if (auth === "none") return open;
  return auth === undefined || auth === "" || auth === "project" ? guarded : misconfigured;
}

/** Whoever means to guard the server, and mistypes it, must not get it open. */
function refuseAuth(_request: Request, _doKey: string, { AUTH = "" }: BaseEnv): AuthResult {
  const message = `The variable AUTH is ${quote(AUTH)}; leave it out, or set it to project, for tokens of projects, or to none to let everybody in.`;
  return { ok: false, response: respondError(protocolError("INVALID_VARIABLE", message)) };
}

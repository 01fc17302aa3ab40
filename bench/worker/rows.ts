// Our Worker with a meter in it: GET /rows does every counted operation once and answers with what each one cost, and
// GET /readers does so for many readers of the same history.
import { Meter } from "../../test/worker/support/meter.ts";
import { countOperations } from "../../test/worker/support/operation-costs.ts";
import {
  createStreamWorker,
  DirectoryDO,
  StreamDO as OurStreamDO,
  type BaseEnv,
} from "../../src/worker/create-stream-worker.ts";
import { countReaders, type Ask } from "./readers.ts";

const meter = new Meter();
const worker = createStreamWorker();
meter.watchObjects(DirectoryDO);

export { DirectoryDO };
export { ProjectDO, SubscriptionDO } from "../../src/worker/create-stream-worker.ts";

export class StreamDO extends OurStreamDO {
  constructor(ctx: DurableObjectState, env: BaseEnv) {
    meter.watchStorage(ctx.storage);
    super(ctx, env);
  }
}

/** A way to ask the Worker, with every call into an object counted by `by`. */
function countedBy(by: Meter, origin: string, env: BaseEnv, ctx: ExecutionContext): Ask {
  const counted: BaseEnv = { ...env, STREAMS: by.countedNamespace(env.STREAMS) };
  if (env.REGISTRY !== undefined) counted.REGISTRY = by.countedRegistry(env.REGISTRY);
  return async (path, init = {}) => {
    const call = new Request<unknown, IncomingRequestCfProperties>(`${origin}/v1/stream/${path}`, init);
    return worker.fetch(call, counted, ctx);
  };
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const { origin, pathname } = new URL(request.url);
    if (pathname === "/readers") {
      // The alarms of the objects run statements that no request may ask the cost of.
      const requests = new Meter();
      return Response.json(await countReaders(countedBy(requests, origin, env, ctx), env, requests));
    }
    if (pathname !== "/rows") return new Response(null);
    const ask = countedBy(meter, origin, env, ctx);
    const costs = await countOperations({
      request: (name, { query = "", ...init }) => ask(`${name}${query}`, init),
      take: () => meter.take(),
    });
    return Response.json(costs);
  },
} satisfies ExportedHandler<BaseEnv>;

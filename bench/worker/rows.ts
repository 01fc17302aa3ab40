// Our Worker with a meter in it: GET /rows does every counted operation once and answers with what each one cost.
import { Meter } from "../../test/worker/support/meter.ts";
import { countOperations } from "../../test/worker/support/operation-costs.ts";
import { createStreamWorker, StreamDO as OurStreamDO, type BaseEnv } from "../../src/worker/create-stream-worker.ts";

const meter = new Meter();
const worker = createStreamWorker();

export class StreamDO extends OurStreamDO {
  constructor(ctx: DurableObjectState, env: BaseEnv) {
    meter.watchStorage(ctx.storage);
    super(ctx, env);
  }
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const { origin, pathname } = new URL(request.url);
    if (pathname !== "/rows") return new Response(null);
    const counted: BaseEnv = { ...env, STREAMS: meter.countedNamespace(env.STREAMS) };
    if (env.REGISTRY !== undefined) counted.REGISTRY = meter.countedRegistry(env.REGISTRY);
    const costs = await countOperations({
      request: async (name, { query = "", ...init }) => {
        const call = new Request<unknown, IncomingRequestCfProperties>(`${origin}/v1/stream/${name}${query}`, init);
        const response = await worker.fetch?.(call, counted, ctx);
        if (response === undefined) throw new Error("the Worker has no fetch");
        return response;
      },
      take: () => meter.take(),
    });
    return Response.json(costs);
  },
} satisfies ExportedHandler<BaseEnv>;

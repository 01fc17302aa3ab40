import { createStreamWorker } from "./create-stream-worker.ts";

export { StreamDO } from "./stream/stream-do.ts";

export default createStreamWorker();

import { createStreamWorker } from "./create-stream-worker.ts";

export { ProjectDO } from "./projects/project-do.ts";
export { StreamDO } from "./stream/stream-do.ts";

export default createStreamWorker();

// Any Worker on the launcher of `durable-streams dev`: node bench/servers/worker.ts WORKER_FILE DATA_FOLDER [EDGE_CACHE]
import { startLocalServer } from "../../src/local/start-local-server.ts";

const [workerFile = "", persistDir = "", edgeCache] = process.argv.slice(2);
const server = await startLocalServer({ workerFile, persistDir, port: 0, edgeCache: edgeCache === "yes" });
process.once("SIGTERM", () => {
  void server.stop().then(() => process.exit(0));
});
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);

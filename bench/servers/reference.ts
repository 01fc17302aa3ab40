// The reference implementation with its data on disk: node bench/servers/reference.ts DATA_FOLDER
import { DurableStreamTestServer } from "@durable-streams/server";

const dataDir = process.argv[2] ?? "";
const server = new DurableStreamTestServer({ port: 0, host: "127.0.0.1", dataDir });
const url = await server.start();
process.once("SIGTERM", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url })}\n`);

// A Worker of somebody's own on the built library, as the embedded server runs it: real sockets from end to end.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import type { LocalServer } from "../../src/local/options.ts";
import { startLocalServer } from "../../src/local/start-local-server.ts";

const MB = 1_000_000;
const PIECE = Buffer.alloc(64_000, "x");

/** Refuses with the status that a request asks for, and lets in whoever asks for none. */
const WORKER = `
import { createStreamWorker } from "durable-streams/worker";
const decide = (request) => {
  const status = Number(request.headers.get("Refuse-With") ?? "0");
  return status === 0 ? { ok: true } : { ok: false, response: new Response("no", { status }) };
};
export default createStreamWorker({
  authorizeMutation: decide,
  settingsOf: async () => ({ corsOrigins: [], bodyMaxBytes: ${String(MB / 2)} }),
});
export { DirectoryDO, ProjectDO, StreamDO, SubscriptionDO } from "durable-streams/worker";
`;

let folder: string;
let server: LocalServer;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-test-"));
  const workerFile = join(folder, "worker.js");
  await build({
    stdin: { contents: WORKER, resolveDir: folder },
    alias: { "durable-streams/worker": join(ROOT, "dist/worker/library.js") },
    bundle: true,
    external: ["cloudflare:*"],
    format: "esm",
    outfile: workerFile,
  });
  await writeFile(join(folder, "package.json"), "{}");
  server = await startLocalServer({ workerFile, port: 0, persistDir: join(folder, "data"), log: () => undefined });
  port = Number(new URL(server.url).port);
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

interface Upload {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly framing: "length" | "chunks";
  /** How long the client rests after each piece. */
  readonly restMs: number;
}

/** Sends the head of a request. */
async function open({ method, path, headers = {}, bytes, framing }: Upload): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const length = framing === "length" ? { "Content-Length": String(bytes) } : { "Transfer-Encoding": "chunked" };
  const fields = { Host: `127.0.0.1:${String(port)}`, "Content-Type": "text/plain", ...length, ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return socket;
}

function write(socket: Socket, data: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.write(data, (error) => {
      socket.off("error", reject);
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

async function writePiece(socket: Socket, piece: Buffer, framing: Upload["framing"]): Promise<void> {
  if (framing === "length") return write(socket, piece);
  await write(socket, Buffer.concat([Buffer.from(`${piece.byteLength.toString(16)}\r\n`), piece, Buffer.from("\r\n")]));
}

/** The statuses of as many answers as are waited for. */
async function readStatuses(socket: Socket, answers = 1): Promise<number[]> {
  let text = "";
  let statuses: number[] = [];
  for await (const data of socket) {
    text += String(data);
    statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/g)].map(([, status]) => Number(status));
    if (statuses.length >= answers) break;
  }
  return statuses;
}

async function writeBody(socket: Socket, { bytes, framing, restMs }: Upload): Promise<void> {
  for (let sent = 0; sent < bytes; sent += PIECE.byteLength) {
    await writePiece(socket, PIECE.subarray(0, Math.min(PIECE.byteLength, bytes - sent)), framing);
    if (restMs > 0) await pause(restMs);
  }
  if (framing === "chunks") await write(socket, "0\r\n\r\n");
}

/** The plainest of clients: it looks at the answer only when it has sent all it has to say. */
async function upload(asked: Upload): Promise<number[]> {
  const socket = await open(asked);
  await writeBody(socket, asked);
  return readStatuses(socket);
}

const HOW: readonly [string, Pick<Upload, "bytes" | "framing" | "restMs">][] = [
  ["1 MB at once", { bytes: MB, framing: "length", restMs: 0 }],
  ["8 MB at once", { bytes: 8 * MB, framing: "length", restMs: 0 }],
  ["8 MB in chunks", { bytes: 8 * MB, framing: "chunks", restMs: 0 }],
  ["1 MB slowly", { bytes: MB, framing: "length", restMs: 20 }],
  ["1 MB slowly in chunks", { bytes: MB, framing: "chunks", restMs: 20 }],
];

describe.concurrent.each(HOW)("a client that sends %s and then reads gets the answer", (_how, sent) => {
  test.each<[number, string, Pick<Upload, "method" | "path" | "headers">]>([
    [401, "who are you", { method: "POST", path: "/v1/stream/a", headers: { "Refuse-With": "401" } }],
    [403, "not you", { method: "PUT", path: "/v1/stream/a", headers: { "Refuse-With": "403" } }],
    [429, "not now", { method: "POST", path: "/v1/stream/a", headers: { "Refuse-With": "429" } }],
    [413, "too much for the project", { method: "POST", path: "/v1/stream/a" }],
    [400, "a header is wrong", { method: "POST", path: "/v1/stream/a", headers: { "Producer-Id": "p" } }],
    [404, "there is no such route", { method: "POST", path: "/nothing" }],
    [405, "there is no such method", { method: "PATCH", path: "/v1/stream/a" }],
    [421, "there is no such host", { method: "POST", path: "/v1/stream/a", headers: { Host: "evil.example" } }],
  ])("%d: %s", async (status, _why, asked) => {
    expect(await upload({ ...asked, ...sent })).toEqual([status]);
  });
});

describe.concurrent("a refused body", () => {
  const post = { method: "POST", path: "/v1/stream/a", framing: "length", restMs: 0 } as const;

  test("that is larger than the server takes at all is answered too", async () => {
    expect(await upload({ ...post, bytes: 20 * MB })).toEqual([413]);
  });

  test("that never ends holds up nothing for ever: its refusal comes while it is still being sent", async () => {
    const socket = await open({ ...post, headers: { "Refuse-With": "401" }, bytes: 8 * MB });
    await writePiece(socket, PIECE, "length");
    expect(await readStatuses(socket)).toEqual([401]);
  });

  test("leaves a connection that is good for the next request", async () => {
    const refused = { ...post, headers: { "Refuse-With": "401" }, bytes: MB };
    const socket = await open(refused);
    await writeBody(socket, refused);
    await write(socket, `GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\n\r\n`);
    expect(await readStatuses(socket, 2)).toEqual([401, 200]);
  });
});

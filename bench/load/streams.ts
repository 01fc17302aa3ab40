import type { Dispatcher } from "undici";
import type { Target } from "../types.ts";
import { expectStatus, withConnection } from "./http.ts";
import { settle } from "./settle.ts";

export const JSON_TYPE = "application/json";
export const TEXT_TYPE = "text/plain";
export const BYTES_TYPE = "application/octet-stream";

let names = 0;

/** A stream that no other part of the run uses. */
export function newStream(): string {
  return `/v1/stream/bench/${process.pid}-${names++}`;
}

export async function create(target: Target, client: Dispatcher, path: string, contentType: string): Promise<void> {
  // The limit knows no creation: it answers everything with 204.
  await expectStatus(client, { method: "PUT", path, contentType }, target.name === "limit" ? 204 : 201);
}

/** A whole stream as it came in, an element for each answer. */
export async function readAll(client: Dispatcher, path: string): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  for (let offset = "-1"; ;) {
    const { headers, body } = await expectStatus(client, { method: "GET", path: `${path}?offset=${offset}` }, 200);
    bodies.push(body);
    if (headers["stream-up-to-date"] === "true") return bodies;
    const next = String(headers["stream-next-offset"]);
    if (next === offset) throw new Error(`the reader of ${path} is not up to date and yet stays at ${offset}`);
    offset = next;
  }
}

/** What the limit stored: its rows, and their bytes. The row of the creation is one of them and is empty. */
async function storedByLimit(client: Dispatcher, path: string): Promise<{ rows: number; bytes: number }> {
  const { body } = await expectStatus(client, { method: "GET", path }, 200);
  const { rows, bytes } = JSON.parse(body.toString()) as { rows: number; bytes: number };
  return { rows: rows - 1, bytes };
}

/** Throws unless the stream holds exactly the appends that were acknowledged, and leaves a server that has nothing more to do. */
export async function verify(
  target: Target,
  path: string,
  sent: { readonly appends: number; readonly bytes: number; readonly check: (bodies: readonly Buffer[]) => void },
): Promise<void> {
  await withConnection(target, async (client) => {
    if (target.name !== "limit") {
      sent.check(await readAll(client, path));
      await settle(target, client, path);
      return;
    }
    const { rows, bytes } = await storedByLimit(client, path);
    if (rows !== sent.appends || bytes !== sent.bytes) {
      throw new Error(`${sent.appends} appends of ${sent.bytes} bytes were sent; stored are ${rows} of ${bytes}`);
    }
  });
}

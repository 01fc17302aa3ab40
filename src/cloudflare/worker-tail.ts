import type { CloudflareApi } from "./api.ts";
import { isNotFound } from "./cloudflare-error.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { scriptPath } from "./worker-versions.ts";

/** A Worker's live log, open for whoever connects to it. */
interface Tail {
  readonly id: string;
  /** Of its WebSocket. It opens the log by itself, so it is shown to nobody. */
  readonly url: string;
  /** When Cloudflare ends it, in Unix milliseconds. */
  readonly expiresAtMs: number;
}

const PERMISSION = "Workers Tail: Read";
const PROTOCOL = "trace-v1";
const UNKNOWN_LIFE_MS = 60 * 60 * 1000;

export async function openTail(api: CloudflareApi, accountId: string, name: string): Promise<Tail> {
  const path = `${scriptPath(accountId, name)}/tails`;
  const request = { path, doing: `Opening the log of the Worker "${name}"`, permission: PERMISSION };
  const { id, url, expires_at: expiresAt } = fieldsOf(await api.post(request, { filters: [] }));
  const parsed = Date.parse(textOf(expiresAt) ?? "");
  const expiresAtMs = Number.isNaN(parsed) ? Date.now() + UNKNOWN_LIFE_MS : parsed;
  return { id: textOf(id) ?? "", url: textOf(url) ?? "", expiresAtMs };
}

/** Ends a tail; one that has ended is as good. */
export async function closeTail(api: CloudflareApi, accountId: string, name: string, id: string): Promise<void> {
  const path = `${scriptPath(accountId, name)}/tails/${encodeURIComponent(id)}`;
  try {
    await api.delete({ path, doing: `Closing the log of the Worker "${name}"`, permission: PERMISSION });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Listens until the connection ends, the tail expires or the signal is aborted. Each message is one JSON text. */
export async function listenToTail(
  { url, expiresAtMs }: Tail,
  { signal, onOpen, onMessage }: { signal: AbortSignal; onOpen: () => void; onMessage: (text: string) => void },
): Promise<void> {
  const socket = new WebSocket(url, PROTOCOL);
  socket.binaryType = "arraybuffer";
  const end = (): void => {
    socket.close();
  };
  const expiry = setTimeout(end, Math.max(0, expiresAtMs - Date.now()));
  signal.addEventListener("abort", end, { once: true });
  try {
    await new Promise<void>((resolve) => {
      socket.addEventListener("open", () => {
        socket.send(JSON.stringify({ debug: false }));
        onOpen();
      });
      socket.addEventListener("message", ({ data }: { data: unknown }) => {
        onMessage(data instanceof ArrayBuffer ? new TextDecoder().decode(data) : String(data));
      });
      // A connection that fails, or never came to be, tells an error and may never tell that it closed.
      for (const type of ["close", "error"]) {
        socket.addEventListener(type, () => {
          resolve();
        });
      }
      if (signal.aborted) resolve();
    });
  } finally {
    clearTimeout(expiry);
    signal.removeEventListener("abort", end);
  }
}

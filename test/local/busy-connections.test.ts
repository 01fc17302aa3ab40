import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import { temporaryFolder } from "./support/folders.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

const CONNECTIONS = 8;
const ANSWERS = 30 * CONNECTIONS;

/** How many answers the others got, at most, while one connection waited for its own. */
async function longestWait(url: URL): Promise<number> {
  const request = `HEAD /busy HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`;
  /** How many answers there were when each connection sent its request. */
  const sentAt = new Map<Socket, number>();
  let answers = 0;
  let longest = 0;
  const send = (socket: Socket): void => {
    sentAt.set(socket, answers);
    socket.write(request);
  };
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(Number(url.port), url.hostname).setNoDelay(true));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await new Promise<void>((resolve, reject) => {
    for (const socket of sockets) {
      socket.once("close", () => {
        reject(new Error("a connection was closed without an answer"));
      });
      // Each answer is a head without a body, and there is one under way at a time.
      socket.on("data", () => {
        answers++;
        longest = Math.max(longest, answers - (sentAt.get(socket) ?? 0));
        if (answers >= ANSWERS) resolve();
        else send(socket);
      });
      send(socket);
    }
  });
  for (const at of sentAt.values()) longest = Math.max(longest, answers - at);
  return longest;
}

test("a busy server leaves no connection waiting while the others are answered again and again", async () => {
  const persistDir = await temporaryFolder();
  const server = await startLocalServer({ workerFile: STAND_IN_WORKER, port: 0, log: () => undefined, persistDir });
  onTestFinished(() => server.stop());
  expect(await longestWait(new URL(server.url))).toBeLessThan(3 * CONNECTIONS);
});

import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { WEBHOOK_ANSWER_MAX_BYTES } from "../../src/protocol/limits.ts";
import { readyDev } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";
import { positionOf, ProjectApi, type SubscriptionFacts } from "./support/project-api.ts";

const STREAM = "events/a";
const LOOK_EVERY_MS = 50;

let project: ProjectApi;

beforeEach(async () => {
  const server = await readyDev(await temporaryFolder());
  project = new ProjectApi(server.url);
  await project.createStream(STREAM);
});

/** A receiver on a real socket. */
async function receiver(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

async function subscribe(id: string, url: string): Promise<void> {
  await project.subscribe(id, { type: "webhook", streams: [STREAM], webhook: { url }, lease_ttl_ms: 60_000 });
}

/** What a subscription is once it is so: it tells nobody when. */
async function untilSo(id: string, isSo: (facts: SubscriptionFacts) => boolean): Promise<SubscriptionFacts> {
  for (;;) {
    const facts = await project.subscription(id);
    if (isSo(facts)) return facts;
    await wait(LOOK_EVERY_MS);
  }
}

function acked({ streams }: SubscriptionFacts): number {
  return positionOf(streams[0]?.acked_offset ?? "");
}

/** Resolves when the other side has closed the connection, in whatever way. */
function hungUp({ socket }: IncomingMessage): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
  });
}

/** JSON that says it is done, of exactly so many bytes. */
function doneOf(bytes: number): string {
  const padding = bytes - JSON.stringify({ done: true, x: "" }).length;
  return JSON.stringify({ done: true, x: "x".repeat(padding) });
}

describe("webhook: an answer that does not end", () => {
  test("webhook: after 10 s without an answer, or without its end, the delivery has failed and its connection is closed", async () => {
    const closed: Promise<unknown>[] = [];
    const silent = await receiver((request) => {
      closed.push(hungUp(request));
    });
    const dripping = await receiver((request, response) => {
      closed.push(hungUp(request));
      response.writeHead(200, { "content-type": "application/json" }).write('{"done":true');
    });
    await subscribe("silent", silent);
    await subscribe("dripping", dripping);
    await project.append(STREAM, 1);
    for (const id of ["silent", "dripping"]) {
      const facts = await untilSo(id, ({ failure }) => failure !== null);
      expect(facts).toMatchObject({ status: "failed", failure: "The webhook did not answer within 10 s." });
      expect(acked(facts)).toBe(0);
    }
    await Promise.all(closed.slice(0, 2));
  });

  test("webhook: of an answer that goes on for ever 64 KiB are read; it takes the wake, and acks nothing", async () => {
    let closed: Promise<unknown> | undefined;
    const endless = await receiver((request, response) => {
      closed ??= hungUp(request);
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"done":true,"x":"');
      const go = (): void => {
        while (!response.destroyed && response.write("x".repeat(16 * 1024)));
      };
      response.on("drain", go).on("error", () => undefined);
      go();
    });
    await subscribe("endless", endless);
    await project.append(STREAM, 1);
    const facts = await untilSo("endless", () => closed !== undefined);
    await closed;
    expect(acked(facts)).toBe(0);
    expect(await project.subscription("endless")).toMatchObject({ status: "active", failure: null });
  });

  test("webhook: an answer of 64 KiB says that all is done, and one of a byte more does not", async () => {
    const answered: Promise<unknown>[] = [];
    const answering = (text: string) =>
      receiver((_request, response) => {
        answered.push(once(response, "close"));
        response.end(text);
      });
    await subscribe("more", await answering(doneOf(WEBHOOK_ANSWER_MAX_BYTES + 1)));
    await subscribe("whole", await answering(doneOf(WEBHOOK_ANSWER_MAX_BYTES)));
    await project.append(STREAM, 1);
    await untilSo("whole", (facts) => acked(facts) === 1);
    await untilSo("more", () => answered.length === 2);
    await Promise.all(answered);
    const more = await project.subscription("more");
    expect(more).toMatchObject({ status: "active", failure: null });
    expect(acked(more)).toBe(0);
  });
});

test("webhook: a redirect is a failure, and is not followed", async () => {
  const statuses = [301, 302, 303, 307, 308];
  let followed = 0;
  const elsewhere = await receiver((_request, response) => {
    followed++;
    response.end('{"done":true}');
  });
  for (const status of statuses) {
    const redirecting = await receiver((_request, response) => {
      response.writeHead(status, { location: elsewhere }).end();
    });
    await subscribe(`moved-${status}`, redirecting);
  }
  await project.append(STREAM, 1);
  for (const status of statuses) {
    const facts = await untilSo(`moved-${status}`, ({ failure }) => failure !== null);
    expect(facts.failure).toBe(`The webhook answered ${status}; redirects are not followed.`);
    expect(acked(facts)).toBe(0);
  }
  expect(followed).toBe(0);
});

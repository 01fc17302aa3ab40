import { randomUUID } from "node:crypto";
import { AccessDeniedError } from "../../client/errors/access-denied-error.ts";
import { isClientError } from "../../client/errors/client-error.ts";
import { ProjectsClient } from "../../client/projects.ts";
import { StreamClient } from "../../client/stream-client.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";
import { Transport } from "../../client/transport.ts";
import { newSecret } from "../../protocol/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { mintToken } from "../tokens/mint.ts";
import { operatorToken, type ServerAccess } from "./deployed-server.ts";

/** There for as long as a smoke test runs; one that was broken off leaves it, and the next one takes it away. */
const PROJECT = "durable-streams-smoke-test";
const TOKEN_SECONDS = 300;
const LIVE_WITHIN_MS = 20_000;
const RETRY = { giveUpAfterMs: 15_000 };

/** Uses the server as its users will, with a project of its own, and leaves nothing behind. */
export async function smokeTest(access: ServerAccess, operatorSecret: string): Promise<readonly string[]> {
  const { url, userAgent, trace } = access;
  const transport = new Transport({ token: await operatorToken(operatorSecret, url), userAgent, trace });
  const projects = new ProjectsClient(transport, url, RETRY);
  const done: string[] = [];
  const check = async <T>(name: string, action: () => Promise<T>): Promise<T> => {
    try {
      const result = await action();
      done.push(name);
      return result;
    } catch (error) {
      throw isClientError(error) || error instanceof Surprise ? failed(access.url, name, error) : error;
    }
  };
  const secret = newSecret("project");
  try {
    await check("project", () => freshProject(projects, secret));
    try {
      await useStreams(access, secret, check);
    } finally {
      await projects.delete(PROJECT);
    }
    return done;
  } finally {
    await transport.close();
  }
}

/** Whatever an earlier test left there goes first. */
async function freshProject(projects: ProjectsClient, secret: string): Promise<void> {
  try {
    await projects.create(PROJECT, secret, {});
  } catch (error) {
    if (!isClientError(error) || error.code !== "PROJECT_EXISTS") throw error;
    await projects.delete(PROJECT);
    await projects.create(PROJECT, secret, {});
  }
}

type Check = <T>(name: string, action: () => Promise<T>) => Promise<T>;

async function useStreams(
  { url, userAgent, trace, signal }: ServerAccess,
  secret: string,
  check: Check,
): Promise<void> {
  const { token } = await mintToken(secret, { project: PROJECT, scope: "write", ttlSeconds: TOKEN_SECONDS });
  const client = new StreamClient({ token, userAgent, trace, retry: RETRY });
  const stranger = new StreamClient({ userAgent, trace, retry: RETRY });
  const contentType = "application/json";
  const stream = `${url}/v1/${PROJECT}/stream/${randomUUID()}`;
  const message = JSON.stringify({ smoke: randomUUID() });
  try {
    await check("create", () => client.create(stream, { contentType, signal }));
    await check("refusal without a token", () => requireRefusal(stranger, stream, signal));
    await check("append", () => client.append(stream, { contentType, body: Buffer.from(message), signal }));
    await check("read", () => requireMessage(client.catchUp(stream, { signal }), message));
    const live = AbortSignal.any([signal, AbortSignal.timeout(LIVE_WITHIN_MS)]);
    await check("SSE", () =>
      requireMessage(client.follow(stream, { offset: "-1", contentType, signal: live }), message).catch(
        (error: unknown) => {
          signal.throwIfAborted();
          throw live.aborted ? new Surprise("the message did not come") : error;
        },
      ),
    );
    await check("delete", () => client.delete(stream, signal));
  } finally {
    await Promise.all([client.dispose(), stranger.dispose()]);
  }
}

async function requireMessage(batches: AsyncIterable<StreamBatch>, message: string): Promise<void> {
  for await (const { pieces } of batches) {
    const [first] = pieces;
    if (first === undefined) continue;
    const text = Buffer.from(first).toString("utf8");
    if (text === message) return;
    throw new Surprise("it answered another message than the one that was appended");
  }
  throw new Surprise("it answered without the message that was appended");
}

async function requireRefusal(stranger: StreamClient, stream: string, signal: AbortSignal): Promise<void> {
  try {
    await stranger.describe(stream, signal);
  } catch (error) {
    if (error instanceof AccessDeniedError) return;
    throw error;
  }
  throw new Surprise("a stream was open to somebody without a token");
}

/** The server answered, and not what it should. */
class Surprise extends Error {}

function failed(url: string, name: string, error: Error): CommandFailure {
  return new CommandFailure(
    {
      code: "SMOKE_TEST_FAILED",
      message: `The Worker is deployed, and the smoke test of ${url} failed at "${name}": ${error.message.replace(/\.$/, "")}.`,
      hint: "Run deploy again: it goes on here. The Worker's log tells more: durable-streams logs",
      exitCode: EXIT.verification,
    },
    { cause: error },
  );
}

import { afterEach, describe, expect, it } from "vitest";
import { AccessDeniedError } from "../../src/client/errors/access-denied-error.ts";
import { StreamClient } from "../../src/client/stream-client.ts";
import { type Handler, startScripted, type ScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer | undefined;
let client: StreamClient | undefined;

afterEach(async () => {
  await client?.dispose();
  await server?.stop();
});

/** A server that lets in who has the token `good`, and what it was sent. */
async function guarded(): Promise<{ url: string; seen: (string | undefined)[]; bodies: string[] }> {
  const seen: (string | undefined)[] = [];
  const bodies: string[] = [];
  const answer: Handler = (request, response, body) => {
    seen.push(request.headers.authorization);
    bodies.push(body.toString());
    response.writeHead(request.headers.authorization === "Bearer good" ? 200 : 401).end("no");
  };
  server = await startScripted(answer);
  return { url: `${server.url}/v1/stream/s`, seen, bodies };
}

const APPEND = { contentType: "text/plain", body: Buffer.from("data") };

describe("a provider of tokens", () => {
  it("is asked again with the token that was refused, and the very same request is sent with another one", async () => {
    const { url, seen, bodies } = await guarded();
    const asked: (string | undefined)[] = [];
    client = new StreamClient({
      token: (_request, refused) => {
        asked.push(refused);
        return Promise.resolve(refused === undefined ? "old" : "good");
      },
    });
    await client.append(url, APPEND);
    expect(asked).toEqual([undefined, "old"]);
    expect(seen).toEqual(["Bearer old", "Bearer good"]);
    expect(bodies).toEqual(["data", "data"]);
  });

  it.each([
    ["the same token", (): Promise<string | undefined> => Promise.resolve("old")],
    ["none", (_r: unknown, refused?: string) => Promise.resolve(refused === undefined ? "old" : undefined)],
    ["none from the start", () => Promise.resolve(undefined)],
  ])("that has %s leaves the refusal as it is", async (_what, token) => {
    const { url, seen } = await guarded();
    client = new StreamClient({ token });
    await expect(client.append(url, APPEND)).rejects.toThrow(AccessDeniedError);
    expect(seen).toHaveLength(1);
  });

  it("is asked no third time", async () => {
    const { url, seen } = await guarded();
    let count = 0;
    client = new StreamClient({ token: () => Promise.resolve(`bad-${String(++count)}`) });
    await expect(client.append(url, APPEND)).rejects.toThrow(AccessDeniedError);
    expect(seen).toEqual(["Bearer bad-1", "Bearer bad-2"]);
  });

  it("gives no token to where an answer points", async () => {
    const { url: elsewhere, seen } = await guarded();
    const pointing = await startScripted((_request, response) => {
      response.writeHead(307, { location: elsewhere }).end();
    });
    client = new StreamClient({ token: () => Promise.resolve("good") });
    await expect(client.append(`${pointing.url}/v1/stream/s`, APPEND)).rejects.toThrow("307");
    expect(seen).toEqual([]);
    await pointing.stop();
  });
});

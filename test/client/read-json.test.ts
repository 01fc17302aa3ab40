import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { readJson } from "../../src/client/read-json.ts";
import { Transport } from "../../src/client/transport.ts";
import { startScripted } from "../support/scripted-server.ts";

const transport = new Transport();
afterAll(() => transport.close());

/** What is read of a body that comes in such pieces. */
async function read(pieces: readonly Uint8Array[], maxBytes: number): Promise<unknown> {
  const server = await startScripted(async (_request, response) => {
    for (const piece of pieces) if (!response.write(piece)) await once(response, "drain");
    response.end();
  });
  try {
    return await readJson(await transport.send({ method: "GET", url: server.url }), maxBytes);
  } finally {
    await server.stop();
  }
}

describe("the JSON of an answer", () => {
  it("is read whole up to its limit, and not at all past it", async () => {
    const body = Buffer.from(`["é"]`);
    expect(await read([body], body.byteLength)).toEqual(["é"]);
    expect(await read([body], body.byteLength - 1)).toBeUndefined();
  });

  it("may come in pieces, split inside a character", async () => {
    const body = Buffer.from(`{"a":"é","b":${JSON.stringify("x".repeat(200_000))}}`);
    const pieces = [body.subarray(0, 7), body.subarray(7, 100_000), body.subarray(100_000)];
    expect(await read(pieces, body.byteLength)).toEqual({ a: "é", b: "x".repeat(200_000) });
    expect(await read(pieces, body.byteLength - 1)).toBeUndefined();
  });

  it("is nothing where a page for people is served", async () => {
    expect(await read([Buffer.from("<html>")], 100)).toBeUndefined();
    expect(await read([], 100)).toBeUndefined();
  });
});

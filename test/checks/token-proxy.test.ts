import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { startTokenProxy, type TokenProxy } from "../conformance/support/token-proxy.ts";
import { startScripted, type Handler } from "../support/scripted-server.ts";

async function proxyTo(handler: Handler): Promise<TokenProxy> {
  const server = await startScripted(handler);
  onTestFinished(() => server.stop());
  const proxy = await startTokenProxy(server.url, "added-token");
  onTestFinished(() => proxy.stop());
  return proxy;
}

describe("the proxy of the official suite", () => {
  test("adds its token where there is none, and leaves one that is there", async () => {
    const proxy = await proxyTo((request, response) => response.end(request.headers.authorization));
    const given = await fetch(proxy.url, { headers: { authorization: "Bearer given" } });
    expect(await given.text()).toBe("Bearer given");
    expect(proxy.added).toBe(0);
    expect(await (await fetch(proxy.url)).text()).toBe("Bearer added-token");
    expect(proxy.added).toBe(1);
  });

  test("tells the server by which name it was asked", async () => {
    const proxy = await proxyTo((request, response) => response.end(request.headers.host));
    expect(await (await fetch(proxy.url)).text()).toBe(new URL(proxy.url).host);
  });

  test("passes on everything else as it came, both ways", async () => {
    const proxy = await proxyTo(({ method, url, headers }, response, body) => {
      response.writeHead(207, "Just so", ["x-two", "1", "x-two", "2"]);
      response.end(JSON.stringify({ method, url, given: headers["x-given"], body: body.toString("hex") }));
    });
    const body = Uint8Array.from([0, 255, 10, 13]);
    const answer = await fetch(`${proxy.url}/a%2Fb?c=%20`, { method: "PUT", headers: { "x-given": "g" }, body });
    expect([answer.status, answer.headers.get("x-two")]).toEqual([207, "1, 2"]);
    expect(await answer.json()).toEqual({ method: "PUT", url: "/a%2Fb?c=%20", given: "g", body: "00ff0a0d" });
  });

  test("passes on the head and each piece at once, and ends the request when its reader leaves", async () => {
    const left = Promise.withResolvers<undefined>();
    let say: (text: string) => void = () => undefined;
    const proxy = await proxyTo((_request, response) => {
      response.once("close", () => {
        left.resolve(undefined);
      });
      response.flushHeaders();
      say = (text) => void response.write(text);
    });
    const sent = get(proxy.url, { agent: false });
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    for (const text of ["first", "second"]) {
      say(text);
      expect(String((await once(answer, "data"))[0])).toBe(text);
    }
    sent.on("error", () => undefined).destroy();
    await left.promise;
  });
});

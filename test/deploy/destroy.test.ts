// The log of a deployment, and its end.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrintedLines, startCli } from "../support/cli.ts";
import { Operator } from "./support/operator.ts";

const BUCKET = "shop-segments";
const QUESTION = "Type the Worker's name (shop) to remove it:";
const AGREED = ["--yes", "--name", "shop"];

let operator: Operator;
beforeAll(async () => {
  operator = await Operator.start("shop");
  expect(await operator.deploy()).toMatchObject({ code: 0 });
});
afterAll(() => operator.stop());

describe("logs", () => {
  function follow(args: readonly string[]) {
    const child = startCli(["logs", ...args], { cwd: operator.folder, env: operator.env });
    const said: string[] = [];
    child.stderr.on("data", (data: Buffer) => said.push(data.toString()));
    const heard = async (words: string): Promise<void> => {
      while (!said.join("").includes(words)) await once(child.stderr, "data");
    };
    return { child, lines: new PrintedLines(child), heard };
  }

  /** Cloudflare's own report of an invocation, with what somebody else could have put into it. */
  function invoke(marker: string): void {
    const hostile = `${marker} \u001b[2J\u009b2J\nnext`;
    const headers = { authorization: "Bearer not-for-others", "user-agent": "test" };
    const request = { url: "https://shop.example/v1/health", method: "GET", headers };
    const event = {
      outcome: "ok",
      eventTimestamp: 0,
      logs: [{ level: "log", message: [hostile], timestamp: 0 }],
      exceptions: [],
      event: { request, response: { status: 200 } },
    };
    operator.plane.tails.report({ script: "shop", events: [event] });
  }

  it("shows invocations and what they logged, obeys nothing in them, and Ctrl-C ends it with 130", async () => {
    const { child, lines, heard } = follow([]);
    await heard("Following the log of shop");
    invoke("first");
    await lines.atLeast(2);
    expect(lines.all[0]).toContain("GET https://shop.example/v1/health 200");
    expect(lines.all[1]).toBe("  log: first \u241b[2J\\u009b2J\u240anext");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
    expect(operator.plane.tails.listeners("shop")).toBe(0);
    expect(operator.plane.requests.at(-1)?.method).toBe("DELETE");
  });

  it("--json is an object per line without credentials, and goes on after a lost connection", async () => {
    const { child, lines, heard } = follow(["--json"]);
    await heard("Following the log of shop");
    invoke("before");
    await lines.atLeast(1);
    operator.plane.tails.breakOff("shop");
    await heard("Following again");
    invoke("after");
    await lines.atLeast(2);
    const [before, after] = lines.all.map((line) => JSON.parse(line) as { logs: { message: string[] }[] });
    expect(before?.logs[0]?.message[0]).toContain("before \u001b[2J\u009b");
    expect(after?.logs[0]?.message[0]).toContain("after");
    expect(lines.all.join("")).not.toContain("\u009b");
    expect(lines.all.join("")).not.toContain("not-for-others");
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([143, null]);
  });

  it("ends quietly when the reader of its output goes", async () => {
    const { child, lines, heard } = follow([]);
    await heard("Following the log of shop");
    invoke("one");
    await lines.atLeast(1);
    child.stdout.destroy();
    const closed = once(child, "close");
    invoke("two");
    invoke("three");
    expect(await closed).toEqual([0, null]);
  });

  it("a token that may not read logs is told which permission it lacks", async () => {
    const permissions = ["Account Settings Read", "Workers Scripts"] as const;
    const env = { CLOUDFLARE_API_TOKEN: operator.plane.addToken(permissions) };
    expect(await operator.run(["logs"], env)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Workers Tail: Read") as unknown,
    });
  });
});

describe("destroy", () => {
  async function destroy(args: readonly string[]) {
    const { code, stdout, stderr } = await operator.run(["destroy", "--json", ...args]);
    return {
      code,
      stderr,
      result: JSON.parse(stdout) as { removed?: string[]; error?: { code: string; message: string; hint: string } },
    };
  }

  function saved(name: string): Promise<string> {
    return readFile(join(operator.env["DURABLE_STREAMS_CONFIG_DIR"] ?? "", name), "utf8");
  }

  async function requestObject(method: "PUT" | "DELETE", key: string): Promise<void> {
    const { plane } = operator;
    const path = `${plane.url}/accounts/${plane.accountId}/r2/buckets/${BUCKET}/objects/${encodeURIComponent(key)}`;
    const authorization = `Bearer ${plane.token}`;
    const put = { headers: { authorization, "content-type": "application/octet-stream" }, body: "x" };
    const { status } = await fetch(path, { method, ...(method === "PUT" ? put : { headers: { authorization } }) });
    expect(status).toBe(200);
  }

  async function putObjects(count: number): Promise<void> {
    for (let index = 0; index < count; index++) await requestObject("PUT", `segments/p/a b%2Fc/${String(index)}.seg`);
  }

  it("is refused without a terminal unless both --yes and the Worker's own name are given", async () => {
    const mark = operator.plane.requests.length;
    for (const args of [[], ["--yes"], ["--name", "shop"], ["--yes", "--name", "shop-two"]]) {
      expect(await destroy(args)).toMatchObject({ code: 2 });
    }
    expect((await destroy(["--yes"])).result.error?.hint).toContain("--yes --name shop");
    expect(operator.plane.requests.length).toBe(mark);
  });

  it("at a terminal another name than the Worker's, or none, removes nothing", async () => {
    const mark = operator.plane.requests.length;
    for (const name of ["shop-two", ""]) {
      const { code, stdout, screen } = await operator.runAtTerminal(["destroy"], [{ to: QUESTION, with: name }]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(screen).toContain("R2 bucket     shop-segments");
      expect(screen).toContain("Nothing was removed.");
    }
    expect(operator.changesSince(mark)).toEqual([]);
    expect(await saved("contexts.json")).toContain('"shop"');
  });

  it("a Worker of that name that is no server of ours is left alone", async () => {
    const { script } = operator;
    const versions = script.versions.map((version) => ({
      ...version,
      bindings: version.bindings.filter(({ name }) => name !== "STREAMS"),
    }));
    operator.plane.state.scripts.set(script.name, { ...script, versions });
    const mark = operator.plane.requests.length;
    const refused = await destroy(AGREED);
    operator.plane.state.scripts.set(script.name, script);
    expect(refused).toMatchObject({ code: 5, result: { error: { code: "WORKER_NAME_TAKEN" } } });
    expect(operator.changesSince(mark)).toEqual([]);
  });

  it("a bucket in which somebody else keeps objects too is refused before anything is removed", async () => {
    await requestObject("PUT", "backups/1.tar");
    const mark = operator.plane.requests.length;
    const refused = await destroy(AGREED);
    expect(operator.changesSince(mark)).toEqual([]);
    await requestObject("DELETE", "backups/1.tar");
    expect(refused).toMatchObject({ code: 5, result: { error: { code: "BUCKET_SHARED" } } });
    expect(refused.result.error?.message).toContain("backups/1.tar");
  });

  it("broken off among the objects, it has kept what leads to the server from here", async () => {
    await putObjects(24);
    const route = "DELETE /accounts/:account/r2/buckets/:bucket/objects/:key*";
    const refusal = { kind: "answer", status: 403, code: 10000, message: "Authentication error" } as const;
    const fault = operator.plane.faults.add({ on: route, after: 4, times: "always", what: refusal });
    const { code, result, stderr } = await destroy(AGREED);
    fault.remove();
    expect(code).toBe(4);
    expect(stderr).toContain("with its Durable Objects");
    expect(result.error?.message).toContain("Of the objects 4 are removed, and 20 remain");
    // Those that were under way at the failure, and none after it.
    expect(fault.hits).toBeLessThanOrEqual(8);
    expect(operator.plane.state.scripts.size).toBe(0);
    expect([...operator.plane.state.buckets.keys()]).toEqual([BUCKET]);
    expect(await saved("contexts.json")).toContain('"shop"');
    expect(await saved("credentials.json")).toContain("operatorSecret");
  });

  it("--keep-data leaves bucket and namespace, and forgets the server last; at a terminal the name is typed", async () => {
    const agreed = [{ to: QUESTION, with: "shop" }];
    const { code, stdout } = await operator.runAtTerminal(["destroy", "--keep-data", "--json"], agreed);
    const { removed } = JSON.parse(stdout) as { removed: string[] };
    expect({ code, removed }).toEqual({ code: 0, removed: ["contexts", "credentials"] });
    expect([...operator.plane.state.buckets.keys()]).toEqual([BUCKET]);
    expect(operator.plane.state.namespaces.size).toBe(1);
    expect(await operator.readProject()).toContain("kvNamespaceId");
    expect(JSON.parse(await saved("contexts.json"))).toMatchObject({ contexts: {} });
    expect(JSON.parse(await saved("credentials.json"))).toMatchObject({ servers: {} });
  });

  it("run again it completes, and nothing is left", async () => {
    const { code, result } = await destroy(AGREED);
    const removed = ["r2-bucket", "kv-namespace", "pinned-id"];
    expect({ code, removed: result.removed }).toEqual({ code: 0, removed });
    const { scripts, buckets, namespaces, domains } = operator.plane.state;
    expect([scripts.size, buckets.size, namespaces.size, domains.size]).toEqual([0, 0, 0, 0]);
    const mark = operator.plane.requests.length;
    expect(await destroy(AGREED)).toMatchObject({ code: 0, result: { removed: [] } });
    expect(operator.changesSince(mark)).toEqual([]);
    expect(await operator.run(["logs"])).toMatchObject({ code: 3 });
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newSecret } from "../../../src/protocol/secret.ts";
import { runCli, type RunOptions, type RunResult } from "../../support/cli.ts";
import { startScripted, type ScriptedServer } from "../../support/scripted-server.ts";

const CANARY = `canary-${String(process.pid)}`;

interface Seen {
  readonly what: string;
  readonly authorization: string | undefined;
}

let home: string;
let seen: Seen[];
let status: number;
let server: ScriptedServer;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-sent-"));
  seen = [];
  status = 200;
  server = await startScripted((request, response) => {
    seen.push({ what: `${request.method ?? ""} ${request.url ?? ""}`, authorization: request.headers.authorization });
    response.writeHead(status, { "content-type": "text/plain", "stream-next-offset": "1" }).end();
  });
});

afterEach(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

function run(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<RunResult> {
  const own = { DURABLE_STREAMS_CONFIG_DIR: join(home, "config"), ...env };
  return runCli(args, { ...options, cwd: home, env: own });
}

async function saved(flag: string, value: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await run(["context", "add", "prod", "--url", server.url, ...more, flag, "-"], {
    input: value,
  });
  if (code !== 0) throw new Error(stderr);
}

function fromFile(): Promise<void> {
  return writeFile(join(home, "durable-streams.jsonc"), JSON.stringify({ url: server.url }));
}

describe("what commands send", () => {
  it("append signs its own tokens with the secret of the active context: that stream, and no more than is done", async () => {
    const secret = newSecret("project");
    await saved("--secret", secret, "--project", "shop");
    const { code, stdout, stderr } = await run(["append", "rooms/1", "x", "-v"], {
      env: { DURABLE_STREAMS_DEBUG: "api" },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const said = await Promise.all(
      seen.map(async ({ what, authorization }) => {
        const token = authorization?.replace(/^Bearer /, "") ?? "";
        expect(stderr).not.toContain(token);
        const { payload } = await jwtVerify(token, Buffer.from(secret), { algorithms: ["HS256"] });
        return [what, payload.sub, payload["scope"], payload["stream_id"]];
      }),
    );
    expect(said).toEqual([
      ["HEAD /v1/shop/stream/rooms/1", "shop", "read", "rooms/1"],
      ["POST /v1/shop/stream/rooms/1", "shop", "write", "rooms/1"],
    ]);
    expect(stderr).not.toContain(secret);
  });

  it("a token or secret of the environment does not go to a server that only a folder's file names", async () => {
    await fromFile();
    status = 401;
    const env = { DURABLE_STREAMS_TOKEN: CANARY, DURABLE_STREAMS_SIGNING_SECRET: newSecret("project") };
    const { code, stderr } = await run(["close", "s"], { env });
    expect(code).toBe(4);
    expect(seen).toEqual([{ what: "POST /v1/stream/s", authorization: undefined }]);
    expect(stderr).toContain(
      "DURABLE_STREAMS_SIGNING_SECRET does not go to a server that only durable-streams.jsonc names",
    );
    expect(stderr).toContain(`--url ${server.url}`);
    // Whoever says that it is theirs is let through.
    await run(["close", "s", "--url", server.url], { env: { DURABLE_STREAMS_TOKEN: CANARY } });
    await run(["context", "add", "mine", "--url", server.url]);
    await run(["close", "s"], { env: { DURABLE_STREAMS_TOKEN: CANARY } });
    expect(seen.slice(1).map(({ authorization }) => authorization)).toEqual([`Bearer ${CANARY}`, `Bearer ${CANARY}`]);
  });

  it("a token that is typed is refused for such a server", async () => {
    await fromFile();
    const { code, stderr } = await run(["close", "s", "--token", CANARY]);
    expect(code).toBe(2);
    expect(stderr).toContain("--token does not go to");
    expect(seen).toEqual([]);
  });
});

describe("who is not let in learns what was sent and what would mend it", () => {
  beforeEach(() => {
    status = 401;
  });

  it("nothing was sent", async () => {
    const { code, stdout } = await run(["close", "s", "--url", server.url, "--project", "shop", "--json"]);
    expect(code).toBe(4);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect(error.code).toBe("ACCESS_DENIED");
    expect(error.message).toBe(
      `Not authenticated: no token was sent, and ${server.url} asks for one. Appending to ${server.url}/v1/shop/stream/s failed with 401.`,
    );
    expect(error.hint).toContain(`durable-streams context add NAME --url ${server.url} --project shop --secret -`);
  });

  it("a token was given", async () => {
    const env = { DURABLE_STREAMS_TOKEN: CANARY };
    const { code, stderr } = await run(["close", "s", "--url", server.url], { env });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^Error: Not authenticated: the token of DURABLE_STREAMS_TOKEN is not accepted\. Appending to \S+ failed with 401\.$/m,
    );
    expect(stderr).toContain("durable-streams token inspect -");
    expect(stderr).toContain("durable-streams mint-token --project default");
    expect(stderr).not.toContain(CANARY);
    status = 403;
    const forbidden = await run(["close", "s", "--url", server.url, "--token", CANARY]);
    expect(forbidden.code).toBe(4);
    expect(forbidden.stderr).toMatch(
      /^Error: Not allowed: the token of --token does not open this\. Appending to \S+ failed with 403\.$/m,
    );
    expect(forbidden.stderr).toContain("mint-token --project default --scope write");
  });

  it("a token was signed", async () => {
    await saved("--secret", newSecret("project"), "--project", "shop");
    const { code, stderr } = await run(["close", "s"]);
    expect(code).toBe(4);
    expect(stderr).toContain(
      'Error: Not authenticated: a token signed with the saved secret of the project "shop" is not accepted. Appending to',
    );
    expect(stderr).toContain(`context add prod --force --url ${server.url} --project shop --secret -`);
    const env = { DURABLE_STREAMS_SIGNING_SECRET: newSecret("project") };
    expect((await run(["close", "s"], { env })).stderr).toContain(
      'signed with DURABLE_STREAMS_SIGNING_SECRET, as if that were the secret of the project "shop", is not accepted.',
    );
  });

  it("an operator is needed", async () => {
    const { code, stderr } = await run(["inspect", "s", "--url", server.url]);
    expect(code).toBe(4);
    expect(stderr).toContain(`Error: Not authenticated: no token was sent, and ${server.url} asks for one. Inspecting`);
    expect(stderr).toContain(`context add NAME --url ${server.url} --operator-secret -`);
    await saved("--operator-secret", newSecret("operator"));
    const refused = await run(["inspect", "s"]);
    expect(refused.stderr).toContain("an operator's token signed with the saved operator secret");
  });
});

/** Sends whoever connects to the default server to a port of this machine where nobody is, as if that server was down. */
const DEFAULT_SERVER_DOWN = `import net from "node:net";
const { connect } = net;
net.connect = (to, ...rest) => connect(Number(to.port) === 4437 ? { ...to, port: 1 } : to, ...rest);`;

it("nobody at the default address, and no context active: the contexts are named", async () => {
  await run(["context", "add", "a", "--url", server.url]);
  await run(["context", "add", "b", "--url", server.url]);
  await run(["context", "remove", "a"]);
  const preload = `--import=data:text/javascript,${encodeURIComponent(DEFAULT_SERVER_DOWN)}`;
  const { code, stderr } = await run(["describe", "s"], { env: { NODE_OPTIONS: preload } });
  expect(code).toBe(7);
  expect(stderr).toContain("No context is active");
  expect(stderr).toContain("durable-streams context use NAME");
});

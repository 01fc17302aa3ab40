import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { hostname } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import { newSecret } from "../../src/protocol/secret.ts";
import type { Access, LocalServer, LocalServerOptions, LogEntry } from "../../src/local/options.ts";
import { temporaryFolder } from "./support/folders.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

const SECRETS_FILE = "secrets.json";

async function start(options: Partial<LocalServerOptions> = {}): Promise<LocalServer> {
  const persistDir = options.persistDir ?? (await temporaryFolder());
  const quiet = { port: 0, log: () => undefined };
  const server = await startLocalServer({ workerFile: STAND_IN_WORKER, ...quiet, ...options, persistDir });
  onTestFinished(() => server.stop());
  return server;
}

function guarded({ access }: LocalServer): Extract<Access, { kind: "guarded" }> {
  if (access.kind !== "guarded") throw new Error("the server is open");
  return access;
}

async function answer(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/** The status of an answer to a request that is addressed to `host`, wherever it is sent. */
async function statusFor(url: string, host: string): Promise<number | undefined> {
  const sent = get(`${url}/v1/health`, { headers: { host }, agent: false });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** Everything that the system shows to every user of how a process was started. */
async function commandLine(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8");
}

describe("who gets in", () => {
  test("without auth the Worker is told to let everybody in", async () => {
    const server = await start();
    expect(await answer(`${server.url}/access`)).toEqual({
      AUTH: "none",
      OPERATOR_API: "open",
      WEBHOOKS_TO_LOOPBACK: "allow",
      OPERATOR_SECRET: "undefined",
    });
    expect(server.access).toEqual({ kind: "open" });
  });

  test("with auth it is told the operator's secret, and nothing that opens it", async () => {
    const server = await start({ auth: true });
    expect(await answer(`${server.url}/access`)).toEqual({
      AUTH: null,
      OPERATOR_API: null,
      WEBHOOKS_TO_LOOPBACK: "allow",
      OPERATOR_SECRET: "string",
    });
  });

  test("webhooks do not go to this very machine where others reach the server, or where it is told so", async () => {
    const toOthers = await start({ auth: true, host: "0.0.0.0" });
    expect(await answer(`${toOthers.url}/access`)).toMatchObject({ WEBHOOKS_TO_LOOPBACK: null });
    const told = await start({ vars: { WEBHOOKS_TO_LOOPBACK: "deny" } });
    expect(await answer(`${told.url}/access`)).toMatchObject({ WEBHOOKS_TO_LOOPBACK: "deny" });
  });

  test.each(["AUTH", "OPERATOR_API", "OPERATOR_SECRET", "PROJECTS", "DIRECTORY", "SUBSCRIPTIONS", "ALLOWED_HOSTS"])(
    "%s cannot be set as a variable",
    async (name) => {
      await expect(start({ vars: { [name]: "none" } })).rejects.toThrow(`${name} is set by the server itself`);
    },
  );
});

describe("the secrets of the folder", () => {
  test("they lie in a file that only its owner can read", async () => {
    const { persistDir } = await start({ auth: true });
    expect((await stat(path.join(persistDir, SECRETS_FILE))).mode & 0o777).toBe(0o600);
  });

  test("a restart finds the operator's secret and the projects' again, on another port as well", async () => {
    const first = await start({ auth: true });
    const secret = newSecret("project");
    const { operatorSecret, signingSecrets } = guarded(first);
    await signingSecrets.keep("shop", secret);
    await first.stop();
    const again = guarded(await start({ auth: true, persistDir: first.persistDir }));
    // Compared here, so that no failure prints a secret.
    expect(again.operatorSecret === operatorSecret && again.signingSecrets.get("shop") === secret).toBe(true);
    expect(again.signingSecrets.get("default")).toBeUndefined();
  });

  test("a folder keeps secrets of its own", async () => {
    const secrets = [guarded(await start({ auth: true })), guarded(await start({ auth: true }))];
    expect(new Set(secrets.map(({ operatorSecret }) => operatorSecret)).size).toBe(2);
  });

  test("the data of a guarded server are not opened by leaving the guard out", async () => {
    const first = await start({ auth: true });
    await first.stop();
    await expect(start({ persistDir: first.persistDir })).rejects.toMatchObject({ code: "folder_guarded" });
    expect((await start({ auth: true, persistDir: first.persistDir })).access.kind).toBe("guarded");
  });

  test("a file that others may read is refused: it may have come with the folder", async () => {
    const first = await start({ auth: true });
    await first.stop();
    const file = path.join(first.persistDir, SECRETS_FILE);
    await chmod(file, 0o644);
    await expect(start({ auth: true, persistDir: first.persistDir })).rejects.toThrow(
      `${file}, with the secrets of a guarded server, can be read by other users of this machine. If you know where it comes from, repair it (chmod 600)`,
    );
  });

  test.each(["", "{}", '{"operatorSecret":"short","signingSecrets":{}}'])(
    "a file that holds %j is refused and left as it is",
    async (text) => {
      const first = await start({ auth: true });
      await first.stop();
      const file = path.join(first.persistDir, SECRETS_FILE);
      await writeFile(file, text);
      await expect(start({ auth: true, persistDir: first.persistDir })).rejects.toThrow("does not hold usable secrets");
      expect(await readFile(file, "utf8")).toBe(text);
    },
  );

  test.runIf(process.platform === "linux")("no process shows them among its arguments, nor the log", async () => {
    const said: LogEntry[] = [];
    const server = await start({ auth: true, log: (entry) => void said.push(entry) });
    const { operatorSecret } = guarded(server);
    await fetch(`${server.url}/log`);
    await fetch(`${server.url}/throw`);
    const shown = [await commandLine(server.pid), await commandLine(server.runtimePid), JSON.stringify(said)];
    expect(shown.map((text) => text.includes(operatorSecret))).toEqual([false, false, false]);
  });
});

describe("where it listens", () => {
  test("a guarded server listens on all addresses when asked to, and answers to any name", async () => {
    const server = await start({ auth: true, host: "0.0.0.0" });
    const { port } = new URL(server.url);
    expect(server.url).toBe(`http://127.0.0.1:${port}`);
    expect((await fetch(`http://127.0.0.2:${port}/v1/health`)).status).toBe(200);
    expect(await statusFor(server.url, "streams.example")).toBe(200);
  });

  test("a name is resolved, and stands in the URL", async () => {
    const server = await start({ auth: true, host: hostname() });
    expect(new URL(server.url).hostname).toBe(hostname().toLowerCase());
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
  });

  test("on loopback it answers to its own names only, as an open one does", async () => {
    const { url } = await start({ auth: true });
    expect(await statusFor(url, new URL(url).host)).toBe(200);
    expect(await statusFor(url, "rebound.example")).toBe(421);
  });

  test.each(["no such name", "nowhere.invalid", ""])("%j is refused, since nothing is there", async (host) => {
    await expect(start({ auth: true, host })).rejects.toThrow(`Cannot listen on "${host}"`);
  });

  test("an address that this machine does not have is told so", async () => {
    await expect(start({ auth: true, host: "192.0.2.1" })).rejects.toThrow("this machine does not have that address");
  });
});

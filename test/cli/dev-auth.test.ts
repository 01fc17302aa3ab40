import { type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { PrintedLines, runCli, type RunResult, startCli } from "../support/cli.ts";
import { steadyPort } from "../support/steady-port.ts";

const JSON_STREAM = ["--content-type", "application/json"];

/** Where a server and the commands of one user keep what they know. */
interface Home {
  readonly data: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function newHome(): Promise<Home> {
  const folder = await temporaryFolder();
  const config = join(folder, "config");
  return { data: join(folder, "data"), config, env: { DURABLE_STREAMS_CONFIG_DIR: config } };
}

interface Ready {
  readonly url: string;
  readonly pid: number;
  readonly project?: string;
  readonly context?: string;
}

class RunningDev {
  readonly ready: Ready;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #said: { stdout: string; stderr: string };

  constructor(child: ChildProcessWithoutNullStreams, ready: Ready, said: { stdout: string; stderr: string }) {
    this.#child = child;
    this.ready = ready;
    this.#said = said;
  }

  get url(): string {
    return this.ready.url;
  }

  get port(): string {
    return new URL(this.url).port;
  }

  get stderr(): string {
    return this.#said.stderr;
  }

  get everything(): string {
    return this.#said.stdout + this.#said.stderr;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    await ended;
  }
}

/** `dev --json` that answers. */
async function dev({ data, env }: Home, ...flags: readonly string[]): Promise<RunningDev> {
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  const child = startCli(["dev", "--json", "--persist", data, ...port, ...flags], { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  const lines = new PrintedLines(child);
  const ended = once(child, "close").then(() => {
    throw new Error(`dev ended before it was ready: ${said.stderr}`);
  });
  ended.catch(() => undefined);
  await Promise.race([lines.atLeast(1), ended]);
  const ready = JSON.parse(lines.all[0] ?? "") as Ready | { readonly error: { readonly message: string } };
  if ("error" in ready) throw new Error(ready.error.message);
  return new RunningDev(child, ready, said);
}

async function succeed(home: Home, args: readonly string[], input = ""): Promise<RunResult> {
  const result = await runCli(args, { env: home.env, input });
  if (result.code !== 0) throw new Error(`${args.join(" ")} ended with ${String(result.code)}: ${result.stderr}`);
  return result;
}

/** What the first project's tokens are signed with, as the credentials have it. */
async function savedSecret({ config }: Home, { url }: RunningDev, project = "default"): Promise<string> {
  const { servers } = await credentials(config);
  const secret = servers[url]?.projects[project]?.secret;
  if (secret === undefined) throw new Error("no secret was saved");
  return secret;
}

interface SavedServers {
  readonly servers: Record<string, { operatorSecret?: string; projects: Record<string, { secret?: string }> }>;
}

async function credentials(config: string): Promise<SavedServers> {
  return JSON.parse(await readFile(join(config, "credentials.json"), "utf8")) as SavedServers;
}

async function contexts({ config }: Home): Promise<unknown> {
  return JSON.parse(await readFile(join(config, "contexts.json"), "utf8"));
}

describe("dev --auth", () => {
  test("nobody gets in without a token, and commands of this user do, in processes of their own", async () => {
    const home = await newHome();
    const server = await dev(home, "--auth");
    for (const method of ["PUT", "POST", "GET", "HEAD", "DELETE"]) {
      const answer = await fetch(`${server.url}/v1/stream/a`, { method, headers: { "content-type": "text/plain" } });
      expect(answer.status, method).toBe(401);
      expect(answer.headers.get("www-authenticate"), method).toContain("Bearer");
    }
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    await succeed(home, ["append", "a"], '{"n":1}\n');
    expect((await succeed(home, ["read", "a"])).stdout).toBe('{"n":1}\n');
    const token = (await succeed(home, ["mint-token", "--scope", "read", "--ttl", "1h"])).stdout.trim();
    const shown = await fetch(`${server.url}/v1/stream/a?offset=-1`, { headers: { authorization: `Bearer ${token}` } });
    expect(await shown.json()).toEqual([{ n: 1 }]);
    const { code } = await runCli(["read", "a", "--url", server.url], { env: (await newHome()).env });
    expect(code).toBe(4);
  });

  test("--json names project and context, and nothing that opens the server", async () => {
    const home = await newHome();
    const server = await dev(home, "--auth", "--project", "shop");
    const { ready, url, port } = server;
    expect(ready).toEqual({ url, pid: ready.pid, project: "shop", context: `local-${port}` });
    expect(await contexts(home)).toEqual({
      version: 1,
      active: `local-${port}`,
      contexts: { [`local-${port}`]: { url, project: "shop" } },
    });
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    const { status } = await fetch(`${url}/v1/shop/stream/a`);
    expect(status).toBe(401);
  });

  test("a context that is active already stays so", async () => {
    const home = await newHome();
    const first = await dev(home, "--auth");
    const second = await dev({ ...home, data: await temporaryFolder() }, "--auth");
    expect(await contexts(home)).toMatchObject({ active: first.ready.context });
    await succeed(home, ["create", "only-there", ...JSON_STREAM, "-C", second.ready.context ?? ""]);
    expect((await runCli(["read", "only-there"], { env: home.env })).code).toBe(3);
  });

  test("--demo appends with a token", async () => {
    const home = await newHome();
    await dev(home, "--auth", "--demo", "--project", "shop");
    // The first message comes when the server has long said that it answers.
    while ((await runCli(["describe", "demo"], { env: home.env })).code !== 0);
    const tail = startCli(["tail", "demo", "--from-start"], { env: home.env });
    onTestFinished(() => void tail.kill("SIGKILL"));
    await new PrintedLines(tail).atLeast(2);
  });

  test("--host 0.0.0.0 is allowed, and says that tokens travel unencrypted", async () => {
    const home = await newHome();
    const args = ["dev", "--auth", "--port", "0", "--persist", home.data, "--host", "0.0.0.0"];
    const child = startCli(args, { env: home.env });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    for await (const text of child.stderr.setEncoding("utf8")) {
      said += String(text);
      if (said.includes("Ctrl-C")) break;
    }
    expect(said).toContain("Other machines reach it too, and tokens travel unencrypted");
    await succeed(home, ["create", "a", ...JSON_STREAM]);
  });

  test("--project without --auth is a mistake", async () => {
    const { code, stderr } = await runCli(["dev", "--project", "shop"], { env: (await newHome()).env });
    expect(code).toBe(2);
    expect(stderr).toContain("--auth");
  });
});

describe("starting again", () => {
  test("the same folder keeps keys, streams and context", async () => {
    const home = await newHome();
    const port = String(await steadyPort());
    const first = await dev(home, "--auth", "--port", port);
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    const before = await credentials(home.config);
    await first.stop();
    await dev(home, "--auth", "--port", port);
    // Compared here, so that no failure prints a secret.
    expect(JSON.stringify(await credentials(home.config)) === JSON.stringify(before)).toBe(true);
    await succeed(home, ["read", "a"]);
  });

  test("on another port, and with nothing saved any more, the folder still knows its secrets", async () => {
    const home = await newHome();
    const first = await dev(home, "--auth");
    const secret = await savedSecret(home, first);
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    await first.stop();
    await rm(home.config, { recursive: true });
    const second = await dev(home, "--auth");
    expect((await savedSecret(home, second)) === secret).toBe(true);
    await succeed(home, ["read", "a"]);
  });

  test("servers of two folders may take turns on one port", async () => {
    const home = await newHome();
    const other = { ...home, data: await temporaryFolder() };
    const port = String(await steadyPort());
    const first = await dev(home, "--auth", "--port", port);
    await first.stop();
    const second = await dev(other, "--auth", "--port", port);
    await succeed(home, ["create", "b", ...JSON_STREAM]);
    await second.stop();
    await dev(home, "--auth", "--port", port);
    await succeed(home, ["create", "a", ...JSON_STREAM]);
  });

  test("a rotated key is the one that is used", async () => {
    const home = await newHome();
    const port = String(await steadyPort());
    const first = await dev(home, "--auth", "--port", port);
    const before = await savedSecret(home, first);
    await succeed(home, ["projects", "rotate", "default", "--revoke-now", "--yes"]);
    await first.stop();
    const second = await dev(home, "--auth", "--port", port);
    expect((await savedSecret(home, second)) === before).toBe(false);
    await succeed(home, ["create", "a", ...JSON_STREAM]);
  });

  test("where nobody has the project's secret any more, it says how to give it a new one", async () => {
    const home = await newHome();
    const first = await dev(home, "--auth");
    await first.stop();
    await rm(home.config, { recursive: true });
    const file = join(home.data, "secrets.json");
    const { operatorSecret } = JSON.parse(await readFile(file, "utf8")) as { operatorSecret: string };
    await writeFile(file, JSON.stringify({ operatorSecret, signingSecrets: {} }));
    const second = await dev(home, "--auth", "--demo");
    const { context = "" } = second.ready;
    await succeed(home, ["projects", "rotate", "default", "-C", context]);
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    // Its two outputs come by two ways: only when it has ended, all of both is here.
    await second.stop();
    expect(second.stderr).toContain(
      `Warning: There is a project "default" already, and its signing secret is not saved here. Give it a new one: durable-streams projects rotate default -C ${context}\n`,
    );
  });

  test("without --auth it does not serve guarded data, and says how to", async () => {
    const home = await newHome();
    const first = await dev(home, "--auth");
    await first.stop();
    const refused = await runCli(["dev", "--port", "0", "--persist", home.data], { env: home.env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("are those of a guarded server");
    expect(refused.stderr).toContain("Start it with --auth, or take another folder");
  });

  test("no project can be planted on an open server", async () => {
    const open = await dev(await newHome());
    const body = JSON.stringify({ name: "planted" });
    const planted = await fetch(`${open.url}/v1/__ds/projects`, { method: "POST", body });
    expect(planted.status).toBe(403);
  });
});

describe("secrets", () => {
  test("they lie in files that only their owner can read", async () => {
    const home = await newHome();
    await dev(home, "--auth");
    const mode = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);
    expect(await mode(home.config)).toBe("700");
    expect(await mode(join(home.config, "credentials.json"))).toBe("600");
    expect(await mode(home.data)).toBe("700");
    expect(await mode(join(home.data, "secrets.json"))).toBe("600");
  });

  test.runIf(process.platform === "linux")("neither output nor any process on the machine shows one", async () => {
    const home = await newHome();
    const server = await dev(home, "--auth", "--verbose");
    await succeed(home, ["create", "a", ...JSON_STREAM]);
    const { servers } = await credentials(home.config);
    const { operatorSecret = "", projects = {} } = servers[server.url] ?? {};
    const secrets = [operatorSecret, projects["default"]?.secret ?? ""];
    expect(secrets.map(({ length }) => length)).toEqual([54, 54]);
    const shown = [server.everything, ...(await commandLines())];
    expect(shown.some((text) => text.includes("workerd"))).toBe(true);
    expect(secrets.map((secret) => shown.filter((text) => text.includes(secret)).length)).toEqual([0, 0]);
    await server.stop();
  });
});

/** How every process on the machine was started, as the system shows it to every user. */
async function commandLines(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}

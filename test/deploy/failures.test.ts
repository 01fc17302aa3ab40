// What goes wrong on the way, and that the next run goes on from there.
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, startCli } from "../support/cli.ts";
import { Operator } from "./support/operator.ts";

const SCRIPT = "/accounts/:account/workers/scripts/:name";

describe("deploy, before anything is changed", () => {
  let operator: Operator;
  beforeAll(async () => {
    operator = await Operator.start("shop");
  });
  afterAll(() => operator.stop());

  async function refused(env: Record<string, string>, args: readonly string[] = ["--yes"]) {
    const mark = operator.plane.requests.length;
    const { code, result } = await operator.deploy(args, env);
    expect(operator.changesSince(mark)).toEqual([]);
    return { exitCode: code, ...result.error };
  }

  it("a token that Cloudflare does not know is told from one that lacks a permission", async () => {
    expect(await refused({ CLOUDFLARE_API_TOKEN: "x".repeat(40) })).toMatchObject({
      exitCode: 4,
      hint: expect.stringContaining("wrangler login") as unknown,
    });
    const token = operator.plane.addToken(["Account Settings Read", "Workers Scripts", "Workers KV Storage"]);
    expect(await refused({ CLOUDFLARE_API_TOKEN: token })).toMatchObject({
      exitCode: 4,
      code: "CLOUDFLARE_NOT_ALLOWED",
      hint: expect.stringContaining("Workers R2 Storage: Edit") as unknown,
    });
  });

  it("without any login, the ways to get one are named", async () => {
    expect(await refused({ CLOUDFLARE_API_TOKEN: "" })).toMatchObject({
      exitCode: 4,
      code: "NOT_LOGGED_IN",
      hint: expect.stringContaining("CLOUDFLARE_API_TOKEN") as unknown,
    });
  });

  it("a dry run that cannot ask Cloudflare says what is wished, that it is no plan, and why", async () => {
    const file = join(operator.folder, "durable-streams.jsonc");
    const before = await readFile(file, "utf8");
    const pinned = { name: "shop", accountId: "a".repeat(32), resources: { kvNamespaceId: "b".repeat(32) } };
    await writeFile(file, JSON.stringify({ ...pinned, vars: { DEBUG_TIMING: "1" } }));
    const dry = (env: Record<string, string>) =>
      operator.run(["deploy", "--dry-run"], { CLOUDFLARE_ACCOUNT_ID: "", ...env });
    try {
      const unreachable = await dry({ CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9" });
      expect({ code: unreachable.code, stdout: unreachable.stdout }, unreachable.stderr).toEqual({
        code: 7,
        stdout: "",
      });
      const said = unreachable.stderr;
      expect(said).toContain(`what the project file asks for in the account ${"a".repeat(32)}. It is no plan, as`);
      expect(said).toMatch(/^ {4}R2 bucket +shop-segments$/m);
      expect(said).toMatch(/^ {4}KV namespace +shop-registry {2}\(b{32}\)$/m);
      expect(said).toMatch(/^ {4}variable +DEBUG_TIMING$/m);
      expect(said).toMatch(/^Error: .*127\.0\.0\.1:9/m);
      expect(said).not.toMatch(/Plan:|^ {2}[+~-] |Nothing was changed/m);
      const stranger = await dry({ CLOUDFLARE_API_TOKEN: "" });
      expect(stranger.code).toBe(4);
      expect(stranger.stderr).toMatch(/It is no plan[^]*Error: /);
      const real = await operator.run(["deploy", "--yes"], { CLOUDFLARE_API_TOKEN: "" });
      expect(real.stderr).not.toContain("It is no plan");
    } finally {
      await writeFile(file, before);
    }
  });

  it("wrangler's own login will do, whatever the folder says", async () => {
    const config = join(operator.env["XDG_CONFIG_HOME"] ?? "", ".wrangler/config");
    await mkdir(config, { recursive: true });
    const login = `oauth_token = "${operator.plane.token}"\nexpiration_time = "2099-01-01T00:00:00.000Z"\nscopes = []\n`;
    await writeFile(join(config, "default.toml"), login);
    // Whoever wrote a folder wrote its `.env`: it neither logs in nor says where a login goes. Nor is a mistake in what is
    // meant for plain wrangler one of the login.
    const forWrangler = await readFile(join(operator.folder, "wrangler.jsonc"), "utf8");
    await writeFile(join(operator.folder, "wrangler.jsonc"), '{ "name": ');
    const dotEnv = join(operator.folder, ".env");
    const api = `CLOUDFLARE_API_BASE_URL=http://127.0.0.1:9\nWRANGLER_TOKEN_URL=http://127.0.0.1:9\n`;
    await writeFile(dotEnv, `${api}CLOUDFLARE_API_TOKEN=${"y".repeat(40)}\n`);
    const { code, result } = await operator.deploy(["--dry-run", "--verbose"], { CLOUDFLARE_API_TOKEN: "" });
    await rm(dotEnv);
    await writeFile(join(operator.folder, "wrangler.jsonc"), forWrangler);
    await rm(config, { recursive: true });
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(operator.printed).not.toContain(operator.plane.token);
  });

  it("of several accounts one has to be named", async () => {
    const other = { id: "f".repeat(32), name: "Other" };
    operator.plane.state.accounts.push(other);
    const several = await refused({ CLOUDFLARE_ACCOUNT_ID: "" });
    operator.plane.state.accounts.pop();
    expect(several).toMatchObject({ exitCode: 2, hint: expect.stringContaining(other.id) as unknown });
    expect(await refused({ CLOUDFLARE_ACCOUNT_ID: other.id })).toMatchObject({ exitCode: 4 });
  });

  it("an account without a workers.dev subdomain is told where to choose one", async () => {
    const { state } = operator.plane;
    const { subdomain } = state;
    state.subdomain = undefined;
    const refusal = await refused({});
    state.subdomain = subdomain;
    expect(refusal).toMatchObject({ exitCode: 1, code: "NO_WORKERS_DEV_SUBDOMAIN" });
  });

  it("an environment that is not in the file, and a secret that is none, are refused", async () => {
    expect(await refused({}, ["--env", "prod", "--yes"])).toMatchObject({ exitCode: 2 });
    const short = "not-long-enough";
    const refusal = await refused({ DURABLE_STREAMS_OPERATOR_SECRET: short });
    expect(refusal).toMatchObject({ exitCode: 2 });
    expect(JSON.stringify(refusal)).not.toContain(short);
  });

  it("a folder without a project file is told of init", async () => {
    const empty = await mkdtemp(join(tmpdir(), "durable-streams-empty-"));
    const { code, stderr } = await runCli(["deploy", "--yes"], { cwd: empty, env: operator.env });
    await rm(empty, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain("durable-streams init");
  });
});

describe("deploy, broken off", () => {
  let operator: Operator;
  let saved: string | undefined;
  beforeAll(async () => {
    operator = await Operator.start("shop");
  });
  afterAll(() => operator.stop());

  it("a bucket that could not be made ends the run as worth another try", async () => {
    operator.plane.faults.add({ on: "POST /accounts/:account/r2/buckets", what: { kind: "answer", status: 503 } });
    const { code, result } = await operator.deploy();
    expect({ code, error: result.error?.code }).toEqual({ code: 7, error: "CLOUDFLARE_UNAVAILABLE" });
    expect(operator.plane.state.buckets.size).toBe(0);
  });

  it("a namespace whose answer was lost is found by the next run, which is refused at the upload", async () => {
    const namespaces = "POST /accounts/:account/storage/kv/namespaces";
    operator.plane.faults.add({ on: namespaces, applied: true, what: { kind: "answer", status: 502 } });
    expect(await operator.deploy()).toMatchObject({ code: 7 });
    expect(operator.plane.state.namespaces.size).toBe(1);
    const answer = { kind: "answer", status: 403, code: 10000, message: "Authentication error" } as const;
    operator.plane.faults.add({ on: `PUT ${SCRIPT}`, what: answer });
    const { code, result } = await operator.deploy();
    expect({ code, error: result.error?.code }).toEqual({ code: 4, error: "CLOUDFLARE_NOT_ALLOWED" });
    expect(result.error?.hint).toContain("Authentication error");
    expect(operator.plane.state.namespaces.size).toBe(1);
    expect(operator.plane.state.scripts.size).toBe(0);
  });

  it("Ctrl-C during the upload ends wrangler too, and says how to go on", async () => {
    const planted = operator.plane.faults.add({ on: `PUT ${SCRIPT}`, what: { kind: "silence" } });
    const child = startCli(["deploy", "--yes"], { cwd: operator.folder, env: operator.env });
    const printed = text(child.stderr);
    while (planted.hits === 0) await wait(50);
    const uploads = (): number => operator.plane.requests.filter(({ method }) => method === "PUT").length;
    const before = uploads();
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(130);
    expect(await printed).toContain("Run deploy again");
    // Its connection is gone, so wrangler is.
    while (uploads() === before) await wait(50);
    expect(operator.plane.state.scripts.size).toBe(0);
  });

  it("a secret is saved before it is put", async () => {
    operator.plane.faults.add({ on: `PUT ${SCRIPT}/secrets`, applied: true, what: { kind: "answer", status: 400 } });
    const { code } = await operator.deploy();
    expect(code).not.toBe(0);
    saved = operator.binding("OPERATOR_SECRET");
    expect(saved).toMatch(/^dsop_/);
    expect(operator.printed).not.toContain(saved);
  });

  it("the last run completes it, with the secret that was saved, and makes nothing twice", async () => {
    const mark = operator.plane.requests.length;
    const { code, result } = await operator.deploy();
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(operator.changesSince(mark)).toEqual([]);
    expect(result.deployed?.checks).toContain("delete");
    expect(operator.binding("OPERATOR_SECRET")).toBe(saved);
    expect((await operator.deploy([])).stderr).toContain("Nothing to do");
  });
});

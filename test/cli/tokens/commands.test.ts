import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import { runCli, type RunOptions, type RunResult } from "../../support/cli.ts";

const SERVER = "http://streams.example:8080";
const secret = newSecret("project");
const operatorSecret = newSecret("operator");
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-tokens-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

function ds(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<RunResult> {
  return runCli(args, { ...options, cwd: home, env: { DURABLE_STREAMS_CONFIG_DIR: join(home, "none"), ...env } });
}

/** With the signing secret in the environment. */
function mint(...args: readonly string[]): Promise<RunResult> {
  return ds(["mint-token", ...args], { env: { DURABLE_STREAMS_SIGNING_SECRET: secret } });
}

/** A folder of credentials with the secret of a project of `SERVER`. */
async function saved(project: string): Promise<string> {
  const folder = join(home, randomUUID());
  await mkdir(folder, { mode: 0o700 });
  const servers = { [SERVER]: { operatorSecret, projects: { [project]: { secret } } } };
  await writeFile(join(folder, "credentials.json"), JSON.stringify({ version: 1, servers }), { mode: 0o600 });
  return folder;
}

function key(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function sign(claims: JWTPayload, header: object = {}, by = secret): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(key(by));
}

function soon(): number {
  return Math.floor(Date.now() / 1000) + 600;
}

describe("mint-token", () => {
  it("stdout is the token alone, which any library verifies", async () => {
    const { code, stdout, stderr } = await mint("--project", "shop", "--scope", "write", "--ttl", "10m");
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("write on the project") as string,
    });
    expect(stdout).toMatch(/^\S+\n$/);
    const { payload, protectedHeader } = await jwtVerify(stdout.trim(), key(secret), { algorithms: ["HS256"] });
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT", kid: await keyId(secret) });
    expect(payload).toEqual({
      sub: "shop",
      scope: "write",
      iat: expect.any(Number) as number,
      exp: (payload.iat ?? 0) + 600,
    });
    expect(stderr).not.toContain(stdout.trim());
  });

  it("without flags it reads the default project for an hour, and --quiet says nothing", async () => {
    const { stdout, stderr } = await mint("--quiet");
    expect(stderr).toBe("");
    const { sub, scope, iat = 0, exp } = decodeJwt(stdout);
    expect({ sub, scope, exp }).toEqual({ sub: "default", scope: "read", exp: iat + 3600 });
  });

  it("can be limited to a stream, or to a prefix, and not to both", async () => {
    const [stream, prefix, both] = await Promise.all([
      mint("--stream", "rooms/42"),
      mint("--prefix", "ci"),
      mint("--prefix", "ci/", "--stream", "ci/1"),
    ]);
    expect(decodeJwt(stream.stdout)).toMatchObject({ stream_id: "rooms/42" });
    expect(decodeJwt(prefix.stdout)).toMatchObject({ stream_prefix: "ci" });
    // It ends inside of a name.
    expect(prefix.stderr).toContain('"ci-2"');
    expect(both.code).toBe(2);
  });

  it("--not-before delays it, and its lifetime counts from then", async () => {
    const from = new Date((soon() + 3600) * 1000).toISOString();
    const { nbf = 0, exp } = decodeJwt((await mint("--not-before", from, "--ttl", "60s")).stdout);
    expect(nbf).toBe(Math.floor(Date.parse(from) / 1000));
    expect(exp).toBe(nbf + 60);
  });

  it("--json tells token, kid and what it allows", async () => {
    const { stdout } = await mint("--json", "--project", "shop", "--stream", "a", "--ttl", "1h");
    const { token, ...rest } = JSON.parse(stdout) as { token: string };
    const { exp = 0 } = decodeJwt(token);
    expect(rest).toEqual({
      kid: decodeProtectedHeader(token).kid,
      project: "shop",
      scope: "read",
      stream: "a",
      expiresAt: new Date(exp * 1000).toISOString().replace(".000Z", "Z"),
    });
  });

  it.each([
    ["a lifetime over the maximum", ["--ttl", "91d"]],
    ["a project's name that is none", ["--project", "a/b"]],
    ["a secret on the command line", ["--secret", secret]],
    ["a secret as an argument", [secret]],
  ])("refuses %s, with exit code 2 and nothing on stdout", async (_what, args) => {
    const { code, stdout, stderr } = await mint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).not.toContain(secret);
  });

  it("refuses a secret that was not copied whole, from wherever it comes, and does not show it", async () => {
    const wrong = `${secret.slice(0, -1)}${secret.endsWith("0") ? "1" : "0"}`;
    const results = await Promise.all([
      ds(["mint-token"], { env: { DURABLE_STREAMS_SIGNING_SECRET: wrong } }),
      ds(["mint-token", "--secret", "-"], { input: wrong }),
    ]);
    for (const { code, stdout, stderr } of results) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).not.toContain(wrong);
    }
  });

  it("the secret on stdin goes before that of the environment", async () => {
    const other = newSecret("project");
    const env = { DURABLE_STREAMS_SIGNING_SECRET: secret };
    const { stdout } = await ds(["mint-token", "--secret", "-"], { env, input: `${other}\n` });
    expect(decodeProtectedHeader(stdout.trim()).kid).toBe(await keyId(other));
  });

  it("a saved secret is that of the server and the project that are meant, and no other", async () => {
    const env = { DURABLE_STREAMS_CONFIG_DIR: await saved("shop"), DURABLE_STREAMS_URL: SERVER };
    const right = await ds(["mint-token", "--project", "shop"], { env });
    await jwtVerify(right.stdout.trim(), key(secret));
    for (const args of [
      ["--project", "till"],
      ["--project", "shop", "--url", "http://other.example"],
    ]) {
      const { code, stdout } = await ds(["mint-token", "--json", ...args], { env });
      expect(code).toBe(4);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: "NO_SIGNING_SECRET" } });
    }
  });
});

describe("mint-token without a secret", () => {
  const hintFor = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout } = await ds(["mint-token", "--json", ...args]);
    expect(code).toBe(4);
    return (JSON.parse(stdout) as { error: { hint: string } }).error.hint;
  };

  it("for a server of this machine says that one without --auth asks for no token, and what makes one that does", async () => {
    const hint = await hintFor();
    expect(hint).toContain("If durable-streams dev runs that server without --auth, it asks for no token");
    expect(hint).toContain("dev --auth runs one that does");
  });

  it("for any other server, or a project of one, says nothing of dev", async () => {
    expect(await hintFor("--url", SERVER)).not.toContain("dev");
    expect(await hintFor("--project", "shop")).not.toContain("dev");
  });
});

describe("token inspect", () => {
  it("tells what a token says and what is left of it, and verifies it with the secret at hand", async () => {
    // Half a minute above ten, so that what is left begins with the same ten whichever second the command looks at it.
    const token = await sign({ sub: "shop", scope: "read", exp: soon() + 30, stream_prefix: "ci/" });
    const env = { DURABLE_STREAMS_SIGNING_SECRET: secret };
    const { code, stdout, stderr } = await ds(["token", "inspect", "-"], { env, input: token });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/project +shop\n/);
    expect(stdout).toMatch(/streams +those whose names begin with ci\/\n/);
    expect(stdout).toMatch(/expires +\S+Z, in 10 min \d+ s\n/);
    expect(stdout).toMatch(/signature +right\n/);
    expect(stdout).not.toContain(token);
  });

  it("--json tells all of it", async () => {
    const claims = { sub: "shop", scope: "write", exp: soon() };
    const { stdout } = await ds(["token", "inspect", await sign(claims), "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      usable: true,
      kind: "project",
      signature: "unchecked",
      problems: [],
      header: { alg: "HS256" },
      claims,
      expiresAt: new Date(claims.exp * 1000).toISOString().replace(".000Z", "Z"),
      secondsLeft: expect.closeTo(600, -2) as number,
    });
  });

  it("exit code 8 says that a server would refuse it, with the code that the server would give", async () => {
    const right = { sub: "shop", scope: "read", exp: soon() };
    const cases: readonly (readonly [string, readonly string[], string])[] = [
      [await sign({ ...right, exp: 1000 }), [], "TOKEN_EXPIRED"],
      [await sign(right, { kid: await keyId(secret) }, newSecret("project")), [], "TOKEN_SIGNATURE"],
      [await sign(right), ["--scope", "write"], "TOKEN_SCOPE"],
      [await sign({ ...right, stream_id: "a" }), ["--stream", "b"], "TOKEN_STREAM"],
      [await sign(right), ["--project", "till"], "TOKEN_PROJECT"],
    ];
    const env = { DURABLE_STREAMS_SIGNING_SECRET: secret };
    const judged = cases.map(async ([token, args, expected]) => {
      const { code, stdout } = await ds(["token", "inspect", token, "--json", ...args], { env });
      const { problems } = JSON.parse(stdout) as { problems: readonly { code: string }[] };
      expect({ code, problems: problems.map((each) => each.code) }).toEqual({ code: 8, problems: [expected] });
    });
    await Promise.all(judged);
  });

  it("a saved secret verifies tokens of its project, and an operator's is for one server", async () => {
    const env = { DURABLE_STREAMS_CONFIG_DIR: await saved("shop"), DURABLE_STREAMS_URL: SERVER };
    const project = await sign({ sub: "shop", scope: "read", exp: soon() });
    expect(JSON.parse((await ds(["token", "inspect", project, "--json"], { env })).stdout)).toMatchObject({
      signature: "verified",
    });
    const aud = ["durable-streams-operator", new URL(SERVER).host];
    const exp = Math.floor(Date.now() / 1000) + 60;
    const operator = await sign({ aud, exp }, { typ: "ds-operator+jwt" }, operatorSecret);
    expect(JSON.parse((await ds(["token", "inspect", operator, "--json"], { env })).stdout)).toMatchObject({
      kind: "operator",
      signature: "verified",
      usable: true,
    });
    const elsewhere = await ds(["token", "inspect", operator, "--url", "http://other.example"], { env });
    expect(elsewhere.code).toBe(8);
  });

  it("control characters in claims are shown and not obeyed, and a claim keeps to its line", async () => {
    const sub = "shop\u001b[2J\u009b31m\nusable  yes";
    const { stdout } = await ds(["token", "inspect", await sign({ sub, scope: "read", exp: soon(), "x\ny": "z" })]);
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(stdout.match(/^usable/gm)).toHaveLength(1);
    expect(stdout).toContain("shop␛[2J");
  });

  it("numbers that are no times do no harm", async () => {
    const { code, stdout } = await ds(["token", "inspect", await sign({ sub: "shop", scope: "read", exp: 1e300 })]);
    expect(code).toBe(8);
    expect(stdout).toContain("TOKEN_LIFETIME");
  });

  it("what is no token is a wrong command line, and is not repeated", async () => {
    const text = randomUUID();
    const { code, stdout, stderr } = await ds(["token", "inspect", text]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toContain(text);
  });

  it("a token that was pasted with its scheme as a word of its own is not repeated", async () => {
    const token = await sign({ sub: "shop" });
    const { code, stderr } = await ds(["token", "inspect", "Bearer", token]);
    expect(code).toBe(2);
    expect(stderr).not.toContain(token);
  });

  it("without an argument it is that of the environment, and stdin may then give the secret", async () => {
    const env = { DURABLE_STREAMS_TOKEN: await sign({ sub: "shop", scope: "read", exp: soon() }) };
    const { stdout } = await ds(["token", "inspect", "--secret", "-", "--json"], { env, input: secret });
    expect(JSON.parse(stdout)).toMatchObject({ signature: "verified" });
    expect((await ds(["token", "inspect", "-", "--secret", "-"], { input: secret })).code).toBe(2);
  });
});

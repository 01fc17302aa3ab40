// How a token is judged: what comes first, and what is said of it. The routes' table walks what is refused where.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { TOKEN_MAX_CHARACTERS } from "../../../src/protocol/limits.ts";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import worker from "../../../src/worker/index.ts";
import { ORIGIN } from "../support/stream-client.ts";
import { base64url, compact, hmac, nowSeconds, projectToken } from "./support/tokens.ts";
import { bearer, GuardedServer, type KnownProject } from "./support/guarded-server.ts";

const server = new GuardedServer();
let project: KnownProject;

beforeAll(async () => {
  project = await server.createProject();
});

interface Judgment {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly challenge: string | null;
}

/** Deletes a stream that is not there: let in, that is 404. */
async function judge(authorization: string | undefined, path = "a", name = project.name): Promise<Judgment> {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  const answer = await server.send(`/v1/${name}/stream/${path}`, { method: "DELETE", headers });
  const { error } = await answer.json<{ error: { code: string; message: string } }>();
  return { status: answer.status, ...error, challenge: answer.headers.get("WWW-Authenticate") };
}

async function codeOf(token: string, path?: string, name?: string): Promise<string> {
  return (await judge(`Bearer ${token}`, path, name)).code;
}

const LET_IN = "STREAM_NOT_FOUND";

function good(): Promise<string> {
  return projectToken(project.name, project.secret);
}

describe("tokens: the header Authorization", () => {
  test.each([
    ["Bearer", (token: string) => `Bearer ${token}`],
    ["bearer in any case", (token: string) => `bEARER ${token}`],
    ["more than one space", (token: string) => `Bearer   ${token} `],
  ])("%s lets in", async (_what, write) => {
    expect((await judge(write(await good()))).code).toBe(LET_IN);
  });

  test.each([
    ["Basic", (token: string) => `Basic ${token}`],
    ["no scheme", (token: string) => token],
    ["a scheme alone", () => "Bearer"],
    ["two tokens", (token: string) => `Bearer ${token} ${token}`],
    ["two headers", (token: string) => `Bearer ${token}, Bearer ${token}`],
    ["quotes", (token: string) => `Bearer "${token}"`],
    ["two parts", (token: string) => `Bearer ${token.slice(0, token.lastIndexOf("."))}`],
    ["four parts", (token: string) => `Bearer ${token}.x`],
    ["padding", (token: string) => `Bearer ${token}=`],
    ["a header that is no JSON", (token: string) => `Bearer e${token}`],
  ])("%s is no token", async (_what, write) => {
    expect(await judge(write(await good()))).toMatchObject({ status: 401, code: "TOKEN_MALFORMED" });
  });

  test("a token in the URL is none", async () => {
    const token = await good();
    for (const query of [`?token=${token}`, `?access_token=${token}`, `?authorization=Bearer+${token}`]) {
      expect((await judge(undefined, `a${query}`)).code).toBe("TOKEN_REQUIRED");
    }
  });

  test("a token is looked at up to its longest, and no further", async () => {
    const pad = (length: number) => projectToken(project.name, project.secret, { claims: { pad: "x".repeat(length) } });
    const room = TOKEN_MAX_CHARACTERS - (await pad(0)).length;
    expect(await codeOf(await pad(Math.floor((room * 3) / 4) - 3))).toBe(LET_IN);
    expect(await codeOf(await pad(room))).toBe("TOKEN_MALFORMED");
  });
});

describe("tokens: the challenge", () => {
  test("without a token it names the scheme alone", async () => {
    expect(await judge(undefined)).toMatchObject({
      status: 401,
      code: "TOKEN_REQUIRED",
      challenge: 'Bearer realm="durable-streams"',
    });
  });

  test("with a wrong token it says what is wrong, and with too small a one that its scope is", async () => {
    const expired = await judge(
      `Bearer ${await projectToken(project.name, project.secret, { claims: { exp: nowSeconds() - 5 } })}`,
    );
    expect(expired.status).toBe(401);
    expect(expired.challenge).toMatch(
      /^Bearer realm="durable-streams", error="invalid_token", error_description="The token expired [^"\\]+"$/,
    );
    const reader = await judge(
      `Bearer ${await projectToken(project.name, project.secret, { claims: { scope: "read" } })}`,
    );
    expect(reader.status).toBe(403);
    expect(reader.challenge).toMatch(
      /^Bearer realm="durable-streams", error="insufficient_scope", error_description="[^"\\]+"$/,
    );
  });

  test("what a token brings along comes back in quotes that cannot be left, and the token never", async () => {
    const alg = 'none", error_description="trust me\\\r\nSet-Cookie: a=b ü';
    const token = await compact({ alg }, { sub: project.name }, hmac(project.secret));
    const { status, code, challenge, message } = await judge(`Bearer ${token}`);
    expect([status, code]).toEqual([401, "TOKEN_ALGORITHM"]);
    expect(challenge).toMatch(/^[\x20-\x7e]+$/);
    expect(challenge?.match(/"/g)).toHaveLength(6);
    for (const text of [challenge ?? "", message]) expect(text).not.toContain(token.slice(0, 20));
  });
});

describe("tokens: the order of judgment", () => {
  test("each thing that is wrong is told before those behind it", async () => {
    const wrongs = [
      ["TOKEN_SCOPE", { claims: { scope: "read" } }],
      ["TOKEN_PROJECT", { claims: { sub: "another" } }],
      ["TOKEN_CLAIMS", { claims: { scope: "admin" } }],
      ["TOKEN_EXPIRED", { claims: { exp: nowSeconds() - 1 } }],
      ["TOKEN_SIGNATURE", { sign: hmac("z".repeat(32)) }],
      ["TOKEN_KEY_UNKNOWN", { header: { kid: "0000000000000000" } }],
      ["TOKEN_KIND", { header: { typ: "at+jwt" } }],
      ["TOKEN_ALGORITHM", { header: { alg: "HS384" } }],
    ] as const;
    const change: { header: object; claims: object; sign?: ReturnType<typeof hmac> } = {
      header: {},
      claims: { stream_id: "b" },
    };
    const ask = async () => codeOf(await projectToken(project.name, project.secret, change as object));
    expect(await ask()).toBe("TOKEN_STREAM");
    for (const [code, wrong] of wrongs) {
      change.header = { ...change.header, ...("header" in wrong ? wrong.header : {}) };
      change.claims = { ...change.claims, ...("claims" in wrong ? wrong.claims : {}) };
      if ("sign" in wrong) change.sign = wrong.sign;
      expect(await ask(), code).toBe(code);
    }
  });
});

describe("tokens: what kind they are", () => {
  test.each([
    [undefined, LET_IN],
    ["JWT", LET_IN],
    ["jwt", LET_IN],
    ["application/jwt", "TOKEN_KIND"],
    ["at+jwt", "TOKEN_KIND"],
    ["ds-operator+jwt", "TOKEN_KIND"],
    ["DS-Operator+JWT", "TOKEN_KIND"],
    ["", "TOKEN_KIND"],
    [1, "TOKEN_KIND"],
    [null, "TOKEN_KIND"],
  ])("typ %j is %s", async (typ, code) => {
    expect(await codeOf(await projectToken(project.name, project.secret, { header: { typ } }))).toBe(code);
  });

  test.each(["none", "None", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", 256, null])(
    "alg %j opens nothing, whatever signed",
    async (alg) => {
      expect(await codeOf(await projectToken(project.name, project.secret, { header: { alg } }))).toBe(
        "TOKEN_ALGORITHM",
      );
    },
  );

  test("keys that a token brings along are not looked at", async () => {
    const own = newSecret("project");
    const jwk = { kty: "oct", k: base64url(new TextEncoder().encode(own)) };
    const header = { jwk, jku: `${ORIGIN}/keys`, x5u: `${ORIGIN}/keys`, x5c: ["x"] };
    expect(await codeOf(await projectToken(project.name, project.secret, { header }))).toBe(LET_IN);
    expect(await codeOf(await projectToken(project.name, project.secret, { header, sign: hmac(own) }))).toBe(
      "TOKEN_SIGNATURE",
    );
  });

  test.each([[["exp"]], [["b64"]], [[]], ["b64"], [null]])("crit %j is refused", async (crit) => {
    const header = { crit, b64: true };
    expect(await codeOf(await projectToken(project.name, project.secret, { header }))).toBe("TOKEN_MALFORMED");
  });

  test.each([
    ["a text", '"x"'],
    ["a list", "[]"],
    ["null", "null"],
    ["no JSON", "{"],
  ])("a payload that is %s is none, though the signature is right", async (_what, payload) => {
    const [header] = (await good()).split(".");
    const input = `${header ?? ""}.${base64url(new TextEncoder().encode(payload))}`;
    const signature = await hmac(project.secret)(new TextEncoder().encode(input));
    expect(await codeOf(`${input}.${base64url(new Uint8Array(signature))}`)).toBe("TOKEN_MALFORMED");
  });
});

describe("tokens: whose header is made to break what reads it", () => {
  test.each<[string, unknown]>([
    ["an object that has no text", { toString: 0 }],
    ["null", null],
    ["a list", [["HS256"]]],
    ["an object", { alg: "HS256" }],
  ])("an alg that is %s is no algorithm", async (_what, alg) => {
    const token = await projectToken(project.name, project.secret, { header: { alg } });
    const limited = new GuardedServer({ RATE_LIMITER: { limit: () => Promise.resolve({ success: true }) } });
    for (const { send } of [server, limited]) {
      const answer = await send(`/v1/${project.name}/stream/a`, { headers: bearer(token) });
      expect([answer.status, await answer.json()]).toMatchObject([401, { error: { code: "TOKEN_ALGORITHM" } }]);
    }
  });
});

describe("tokens: whose key signed", () => {
  test("without a kid each accepted key is tried", async () => {
    const rotated = await server.createProject();
    const added = newSecret("project");
    await server.operate(`/projects/${rotated.name}/keys`, "POST", { secret: added });
    const fresh = new GuardedServer();
    for (const secret of [rotated.secret, added]) {
      const token = await projectToken(rotated.name, secret, { header: { kid: undefined } });
      const answer = await fresh.send(`/v1/${rotated.name}/stream/a`, { method: "DELETE", headers: bearer(token) });
      expect(answer.status).toBe(404);
    }
  });

  test("a kid that is no text counts as none, and one of another key is not tried with the rest", async () => {
    expect(await codeOf(await projectToken(project.name, project.secret, { header: { kid: 7 } }))).toBe(LET_IN);
    const kid = await keyId(newSecret("project"));
    expect(await codeOf(await projectToken(project.name, project.secret, { header: { kid } }))).toBe(
      "TOKEN_KEY_UNKNOWN",
    );
  });

  test("a project that is not there answers as one that is there and has another key", async () => {
    const stranger = newSecret("project");
    for (const header of [{}, { kid: undefined }]) {
      const [there, absent] = await Promise.all(
        [project.name, "not-there"].map(async (name) =>
          judge(`Bearer ${await projectToken(name, stranger, { header })}`, "a", name),
        ),
      );
      expect(there).toMatchObject({ status: 401, code: "TOKEN_KEY_UNKNOWN" });
      expect(absent).toEqual(there);
    }
  });

  test("a token opens its own project only, also where another has the same secret", async () => {
    const { name } = await server.createProject();
    await server.operate(`/projects/${name}/keys`, "POST", { secret: project.secret });
    const token = await good();
    expect(await codeOf(token)).toBe(LET_IN);
    expect(await codeOf(token, "a", name)).toBe("TOKEN_PROJECT");
    expect(await codeOf(token)).toBe(LET_IN);
  });

  test("a signature that was right for one token is not right for another", async () => {
    const [header, payload] = (await good()).split(".");
    const [, , signature] = (await projectToken(project.name, project.secret, { claims: { scope: "read" } })).split(
      ".",
    );
    expect(await codeOf([header, payload, signature].join("."))).toBe("TOKEN_SIGNATURE");
  });
});

describe("tokens: what they open", () => {
  test.each([
    [{ stream_id: "a/b" }, "a/b", LET_IN],
    [{ stream_id: "a/b" }, "a%2Fb", LET_IN],
    [{ stream_id: "a/b" }, "a", "TOKEN_STREAM"],
    [{ stream_id: "a/b" }, "a/b/c", "TOKEN_STREAM"],
    [{ stream_prefix: "a/" }, "a/b", LET_IN],
    [{ stream_prefix: "a/" }, "a", "TOKEN_STREAM"],
    [{ stream_prefix: "a/" }, "ab", "TOKEN_STREAM"],
    [{ stream_prefix: "a/" }, "b/../a/b", LET_IN],
    [{ stream_prefix: "a/" }, "a/../b", "TOKEN_STREAM"],
    [{ stream_prefix: "a/", stream_id: "b" }, "b", "TOKEN_STREAM"],
  ])("%j at %s is %s", async (claims, path, code) => {
    const token = await projectToken(project.name, project.secret, { claims });
    expect(await codeOf(token, path)).toBe(code);
    // Remembered by now, it is judged again for every stream.
    expect(await codeOf(token, path)).toBe(code);
  });
});

describe("the shipped Worker: AUTH", () => {
  function ask(AUTH: string | undefined, method: string): Promise<Response> {
    const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/v1/stream/not-there`, { method });
    const ctx = { waitUntil: () => undefined } as unknown as ExecutionContext;
    const { AUTH: _none, ...bindings } = env as typeof env & { AUTH?: string };
    return worker.fetch(request, { ...bindings, ...(AUTH === undefined ? {} : { AUTH }) }, ctx);
  }

  test.each([undefined, "project", ""])("%j asks for tokens", async (AUTH) => {
    for (const method of ["GET", "HEAD", "DELETE", "POST", "PUT"]) expect((await ask(AUTH, method)).status).toBe(401);
  });

  test("none lets everybody in", async () => {
    expect((await ask("none", "GET")).status).toBe(404);
    expect((await ask("none", "DELETE")).status).toBe(404);
  });

  test.each(["None", "nobody", "false", "0", "none "])("%j lets nobody in, and says so", async (AUTH) => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await ask(AUTH, method);
      const { error } = await answer.json<{ error: { code: string; message: string } }>();
      expect([answer.status, error.code]).toEqual([500, "INVALID_VARIABLE"]);
      expect(error.message).toContain(JSON.stringify(AUTH));
    }
  });
});

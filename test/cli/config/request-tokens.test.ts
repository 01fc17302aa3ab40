import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigFolder } from "../../../src/cli/config/config-folder.ts";
import {
  changeProjectCredentials,
  saveOperatorSecret,
  saveProjectSecret,
  saveProjectToken,
} from "../../../src/cli/config/credentials.ts";
import { type CredentialSources, RequestTokens } from "../../../src/cli/tokens/request-tokens.ts";
import type { Request } from "../../../src/client/transport.ts";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";

const SERVER = "https://streams.example";
const STREAM = `${SERVER}/v1/shop/stream/rooms/4%2F2`;
const OPERATOR = `${SERVER}/v1/__ds/projects`;

let home: string;
let folder: ConfigFolder;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "durable-streams-tokens-"));
  folder = new ConfigFolder(() => undefined, { DURABLE_STREAMS_CONFIG_DIR: home });
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(home, { recursive: true, force: true });
});

function tokens(sources: Partial<CredentialSources> = {}): RequestTokens {
  const nothing = { token: undefined, signingSecret: undefined, operatorSecret: undefined, untrustedOrigin: undefined };
  return new RequestTokens({ folder, ...nothing, ...sources });
}

function get(url: string): Request {
  return { method: "GET", url };
}

async function sent(from: RequestTokens, request: Request): Promise<string> {
  const token = await from.provide(request);
  if (token === undefined) throw new Error("no token was sent");
  return token;
}

describe("the token of a request", () => {
  it("is signed with the project's saved secret for five minutes, that stream and no more than is done", async () => {
    const secret = newSecret("project");
    await saveProjectSecret(folder, SERVER, "shop", secret);
    const token = await sent(tokens(), get(STREAM));
    const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(secret));
    expect(payload).toMatchObject({ sub: "shop", scope: "read", stream_id: "rooms/4/2" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
    expect(protectedHeader).toMatchObject({ alg: "HS256", kid: await keyId(secret) });
    for (const method of ["PUT", "POST", "DELETE"] as const) {
      expect(decodeJwt(await sent(tokens(), { method, url: STREAM }))).toMatchObject({ scope: "write" });
    }
    expect(decodeJwt(await sent(tokens(), { method: "HEAD", url: STREAM }))).toMatchObject({ scope: "read" });
  });

  it("of a fork opens the source as well", async () => {
    const signing = tokens({ signingSecret: newSecret("project") });
    const headers = { "Stream-Forked-From": "/v1/shop/stream/other" };
    expect(decodeJwt(await sent(signing, { method: "PUT", url: STREAM, headers }))).not.toHaveProperty("stream_id");
  });

  it("is of the project that the URL names, and of the default one where it names none", async () => {
    await saveProjectSecret(folder, SERVER, "default", newSecret("project"));
    expect(decodeJwt(await sent(tokens(), get(`${SERVER}/v1/stream/x`)))).toMatchObject({ sub: "default" });
    expect(await tokens().provide(get(STREAM))).toBeUndefined();
  });

  it("given with the command goes before the secret of the environment, that before a saved secret, that before a saved token", async () => {
    await saveProjectToken(folder, SERVER, "shop", "saved-token");
    expect(await tokens().provide(get(STREAM))).toBe("saved-token");
    const [saved, variable] = [newSecret("project"), newSecret("project")];
    await saveProjectSecret(folder, SERVER, "shop", saved);
    const kidOf = async (from: RequestTokens): Promise<string | undefined> =>
      decodeProtectedHeader(await sent(from, get(STREAM))).kid;
    expect(await kidOf(tokens())).toBe(await keyId(saved));
    expect(await kidOf(tokens({ signingSecret: variable }))).toBe(await keyId(variable));
    const token = { value: "given", from: "environment" } as const;
    expect(await tokens({ signingSecret: variable, token }).provide(get(STREAM))).toBe("given");
  });

  it.each(["http://streams.example", `${SERVER}:8443`, "https://streams.example.evil.example"])(
    "saved for another server is not sent to %s",
    async (other) => {
      await saveProjectSecret(folder, SERVER, "shop", newSecret("project"));
      await saveProjectToken(folder, SERVER, "default", "saved-token");
      await saveOperatorSecret(folder, SERVER, newSecret("operator"));
      for (const path of ["/v1/shop/stream/x", "/v1/stream/x", "/x", "/v1/__ds/projects"]) {
        expect(await tokens().provide(get(`${other}${path}`))).toBeUndefined();
      }
    },
  );

  it("of the environment is not sent to a server that only a file names, and that is remembered", async () => {
    const token = { value: "given", from: "environment" } as const;
    const secrets = { signingSecret: newSecret("project"), operatorSecret: newSecret("operator") };
    const from = tokens({ token, ...secrets, untrustedOrigin: SERVER });
    expect(await from.provide(get(STREAM))).toBeUndefined();
    expect(from.lastFor(STREAM)?.use).toEqual({ kind: "none", withheld: "DURABLE_STREAMS_SIGNING_SECRET" });
    expect(await from.provide(get(OPERATOR))).toBeUndefined();
    expect(await from.provide(get("https://other.example/x"))).toBe("given");
  });

  it("of a foreign server is never signed, but may have been saved", async () => {
    await saveProjectSecret(folder, SERVER, "default", newSecret("project"));
    const foreign = get(`${SERVER}/streams/x`);
    expect(await tokens({ signingSecret: newSecret("project") }).provide(foreign)).toBeUndefined();
    await saveProjectToken(folder, SERVER, "default", "saved-token");
    expect(await tokens().provide(foreign)).toBe("saved-token");
  });

  it("is used again for the like, and signed anew before it expires", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const signing = tokens({ signingSecret: newSecret("project") });
    const first = await sent(signing, get(STREAM));
    vi.advanceTimersByTime(200_000);
    expect(await sent(signing, get(STREAM))).toBe(first);
    vi.advanceTimersByTime(90_000);
    const second = await sent(signing, get(STREAM));
    expect(decodeJwt(second).exp).toBe((decodeJwt(first).exp ?? 0) + 290);
  });

  it("that was refused is signed anew with what is saved by then", async () => {
    const [before, after] = [newSecret("project"), newSecret("project")];
    await saveProjectSecret(folder, SERVER, "shop", before);
    const signing = tokens();
    const refused = await sent(signing, get(STREAM));
    await saveProjectSecret(folder, SERVER, "shop", after);
    expect(await sent(signing, get(STREAM))).toBe(refused);
    const renewed = await signing.provide(get(STREAM), refused);
    expect(decodeProtectedHeader(renewed ?? "").kid).toBe(await keyId(after));
  });

  it("that was refused gives way to one of the next secret, of which nobody has heard whether it arrived", async () => {
    const [secret, nextSecret] = [newSecret("project"), newSecret("project")];
    await changeProjectCredentials(folder, SERVER, "shop", () => ({ secret, nextSecret }));
    const signing = tokens();
    const first = await sent(signing, get(STREAM));
    expect(decodeProtectedHeader(first).kid).toBe(await keyId(secret));
    const second = (await signing.provide(get(STREAM), first)) ?? "";
    expect(decodeProtectedHeader(second).kid).toBe(await keyId(nextSecret));
    expect(await sent(signing, get(STREAM))).toBe(second);
  });
});

describe("the token of an operator's request", () => {
  it("is signed for that server and a minute, with a type of its own", async () => {
    const secret = newSecret("operator");
    await saveOperatorSecret(folder, SERVER, secret);
    const token = await sent(tokens(), get(OPERATOR));
    const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(secret));
    expect(protectedHeader).toMatchObject({ typ: "ds-operator+jwt", alg: "HS256" });
    expect(payload.aud).toEqual(["durable-streams-operator", "streams.example"]);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  it("goes before a token of the environment, which is a project's, and after one that was typed", async () => {
    const operatorSecret = newSecret("operator");
    const token = { value: "given", from: "environment" } as const;
    expect(await tokens({ token }).provide(get(OPERATOR))).toBe("given");
    expect(await tokens({ token, operatorSecret }).provide(get(OPERATOR))).not.toBe("given");
    const typed = { value: "given", from: "flag" } as const;
    expect(await tokens({ token: typed, operatorSecret }).provide(get(OPERATOR))).toBe("given");
    expect(await tokens({ signingSecret: newSecret("project") }).provide(get(OPERATOR))).toBeUndefined();
  });
});

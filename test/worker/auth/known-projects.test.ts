// What an isolate knows of projects: for how long, and what holds while nobody can be asked.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  KEY_OVERLAP_DEFAULT_SECONDS,
  PROJECT_FRESH_MS,
  PROJECT_RECHECK_MS,
  PROJECT_STALE_MAX_MS,
} from "../../../src/protocol/limits.ts";
import type { ProjectRecord } from "../../../src/protocol/project.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { Meter } from "../support/meter.ts";
import { errorCode, freshName, sendTo } from "../support/stream-client.ts";
import { bearer, GuardedServer, type KnownProject } from "./support/guarded-server.ts";
import { Places } from "./support/places.ts";
import { nowSeconds, projectToken, type TokenChange } from "./support/tokens.ts";

const patience = vi.hoisted(() => ({ ms: 5000 }));

vi.mock(import("../../../src/protocol/limits.ts"), async (original) =>
  Object.defineProperty({ ...(await original()) }, "PROJECT_PATIENCE_MS", { get: () => patience.ms }),
);

/** Makes and changes projects; what another isolate knows of them is none of its business. */
const maker = new GuardedServer();
const FRESH_SECONDS = PROJECT_FRESH_MS / 1000;
const RECHECK_SECONDS = PROJECT_RECHECK_MS / 1000;
const STALE_SECONDS = PROJECT_STALE_MAX_MS / 1000;

let clock: Clock;

beforeEach(() => {
  clock = new Clock();
});

afterEach(() => {
  clock[Symbol.dispose]();
  patience.ms = 5000;
});

/** An isolate of its own, that has served nothing yet. */
class Isolate {
  readonly places = new Places();
  readonly #server = new GuardedServer(this.places.bindings);

  async asks({ name, secret }: KnownProject, change: TokenChange = {}): Promise<string> {
    const exp = nowSeconds() + 24 * 3600;
    const token = await projectToken(name, secret, { ...change, claims: { exp, ...change.claims } });
    return this.asksWith(name, token);
  }

  /** `200`, or the code of the refusal. Whether there is a stream is known to its object alone. */
  async asksWith(project: string, token: string): Promise<string> {
    const answer = await this.#server.send(`/v1/${project}/stream/a`, { method: "POST", headers: bearer(token) });
    const code = await errorCode(answer);
    // Let in, the request gets as far as its missing body.
    return code === "CONTENT_TYPE_REQUIRED" || code === "EMPTY_BODY" ? "let in" : code;
  }
}

async function rotate({ name }: KnownProject, overlapSeconds: number): Promise<KnownProject> {
  const secret = newSecret("project");
  const answer = await maker.operate(`/projects/${name}/keys`, "POST", { secret, overlapSeconds });
  if (!answer.ok) throw new Error(`rotating answered ${String(answer.status)}`);
  return { name, secret };
}

function nobody(): KnownProject {
  return { name: freshName("nobody").slice(0, 60), secret: newSecret("project") };
}

describe("known projects: what a warm isolate asks", () => {
  test("an operation with a token reads no KV and asks one object, the stream's", async () => {
    const meter = new Meter();
    const send = new GuardedServer({
      STREAMS: meter.countedNamespace(env.STREAMS),
      PROJECTS: meter.countedNamespace(env.PROJECTS),
      REGISTRY: meter.countedRegistry(env.REGISTRY),
    }).send;
    const project = await maker.createProject();
    const url = `/v1/${project.name}/stream/${freshName()}`;
    const headers = { ...bearer(await projectToken(project.name, project.secret)), "Content-Type": "text/plain" };
    expect((await send(url, { method: "PUT", headers })).status).toBe(201);
    for (const method of ["POST", "GET", "HEAD", "DELETE"]) {
      meter.take();
      const body = method === "POST" ? "x" : undefined;
      expect((await send(url, { method, headers, body })).ok, method).toBe(true);
      expect(meter.take(), method).toMatchObject({ objectRequests: 1, kvReads: 0 });
    }
  });

  test("while what is known is fresh, nobody is asked, whatever tokens come", async () => {
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 0 });
    clock.advanceSeconds(FRESH_SECONDS - 1);
    expect(await isolate.asks(project)).toBe("let in");
    expect(await isolate.asks(project, { claims: { scope: "read" } })).toBe("TOKEN_SCOPE");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 0, read: 0 });
    clock.advanceSeconds(1);
    expect(await isolate.asks(project)).toBe("let in");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 0 });
  });

  test("requests that come together ask once, and each gets the answer", async () => {
    const isolate = new Isolate();
    const project = await maker.createProject();
    const answers = await Promise.all(Array.from({ length: 20 }, () => isolate.asks(project)));
    expect(new Set(answers)).toEqual(new Set(["let in"]));
    expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 0 });
  });

  test("tokens of strangers have the object asked once in a while, whether there is a project or not", async () => {
    const isolate = new Isolate();
    for (const project of [await maker.createProject(), nobody()]) {
      const stranger = { name: project.name, secret: newSecret("project") };
      for (let i = 0; i < 5; i++) expect(await isolate.asks(stranger)).toBe("TOKEN_KEY_UNKNOWN");
      expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 0 });
      clock.advanceSeconds(RECHECK_SECONDS);
      for (let i = 0; i < 5; i++) expect(await isolate.asks(stranger)).toBe("TOKEN_KEY_UNKNOWN");
      expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 0 });
    }
  });

  test("many names that nobody has drive out no project", async () => {
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    isolate.places.objects = "fails";
    isolate.places.registry = "fails";
    using log = new ErrorLog();
    const token = await projectToken("nobody", newSecret("project"));
    await Promise.all(Array.from({ length: 1100 }, (_, i) => isolate.asksWith(`nobody-${String(i)}`, token)));
    isolate.places.takeQuestions();
    log.take();
    expect(await isolate.asks(project)).toBe("let in");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 0, read: 0 });
  });
});

describe("known projects: changes", () => {
  test("a revoked key opens nothing once what is known is not fresh any more", async () => {
    const isolate = new Isolate();
    const before = await maker.createProject();
    expect(await isolate.asks(before)).toBe("let in");
    const after = await rotate(before, 0);
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(before)).toBe("TOKEN_KEY_UNKNOWN");
    expect(await isolate.asks(after)).toBe("let in");
  });

  test("a new key works as soon as the object may be asked again, and the old one goes on", async () => {
    const isolate = new Isolate();
    const before = await maker.createProject();
    expect(await isolate.asks(before)).toBe("let in");
    const after = await rotate(before, KEY_OVERLAP_DEFAULT_SECONDS);
    clock.advanceSeconds(RECHECK_SECONDS);
    expect(await isolate.asks(after)).toBe("let in");
    expect(await isolate.asks(before)).toBe("let in");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 2, read: 0 });
  });

  test("a new key of a token that names none is found as well", async () => {
    const isolate = new Isolate();
    const before = await maker.createProject();
    const withoutKid = { header: { kid: undefined } };
    expect(await isolate.asks(before, withoutKid)).toBe("let in");
    const after = await rotate(before, KEY_OVERLAP_DEFAULT_SECONDS);
    clock.advanceSeconds(RECHECK_SECONDS);
    expect(await isolate.asks(after, withoutKid)).toBe("let in");
    expect(await isolate.asks(before, withoutKid)).toBe("let in");
  });

  test("a retiring key stops at its time, whatever is fresh, also for tokens that were verified before", async () => {
    const isolate = new Isolate();
    const before = await maker.createProject();
    await rotate(before, 10);
    const token = await projectToken(before.name, before.secret);
    expect(await isolate.asksWith(before.name, token)).toBe("let in");
    clock.advanceSeconds(9);
    expect(await isolate.asksWith(before.name, token)).toBe("let in");
    clock.advanceSeconds(1);
    expect(await isolate.asksWith(before.name, token)).toBe("TOKEN_KEY_UNKNOWN");
  });

  test("a token that was verified before runs out at its own time", async () => {
    const isolate = new Isolate();
    const project = await maker.createProject();
    const token = await projectToken(project.name, project.secret, { claims: { exp: nowSeconds() + 5 } });
    expect(await isolate.asksWith(project.name, token)).toBe("let in");
    clock.advanceSeconds(5);
    expect(await isolate.asksWith(project.name, token)).toBe("TOKEN_EXPIRED");
    expect(await isolate.asksWith(project.name, token)).toBe("TOKEN_EXPIRED");
  });

  test("a deleted project opens nothing, and one created after it opens nothing to the tokens of before", async () => {
    const isolate = new Isolate();
    const before = await maker.createProject();
    expect(await isolate.asks(before)).toBe("let in");
    expect((await maker.operate(`/projects/${before.name}`, "DELETE")).status).toBe(204);
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(before)).toBe("TOKEN_KEY_UNKNOWN");
    const after = await maker.createProject(before.name);
    clock.advanceSeconds(RECHECK_SECONDS);
    expect(await isolate.asks(after)).toBe("let in");
    expect(await isolate.asks(before)).toBe("TOKEN_KEY_UNKNOWN");
  });

  test("a project is there for whoever asked too early, as soon as the object may be asked again", async () => {
    const isolate = new Isolate();
    const early = nobody();
    expect(await isolate.asks(early)).toBe("TOKEN_KEY_UNKNOWN");
    const project = await maker.createProject(early.name);
    clock.advanceSeconds(RECHECK_SECONDS);
    expect(await isolate.asks(project)).toBe("let in");
  });
});

describe("known projects: while nobody answers", () => {
  function outage({ places }: Isolate): void {
    places.objects = "fails";
    places.registry = "fails";
  }

  test("known keys go on for an hour, and then nothing opens", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    outage(isolate);
    for (let passed = FRESH_SECONDS; passed < STALE_SECONDS; passed += 600) {
      clock.advanceSeconds(passed === FRESH_SECONDS ? FRESH_SECONDS : 600);
      expect(await isolate.asks(project), String(passed)).toBe("let in");
    }
    expect(log.take()).toContain("injected: nobody answers");
    clock.advanceSeconds(600);
    expect(await isolate.asks(project)).toBe("KEYS_UNAVAILABLE");
    clock.advanceSeconds(RECHECK_SECONDS);
    isolate.places.objects = "works";
    expect(await isolate.asks(project)).toBe("let in");
  });

  test("what is not known is 503 and never a pass; what is known to be wrong is told", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    outage(isolate);
    const added = await rotate(project, KEY_OVERLAP_DEFAULT_SECONDS);
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(added)).toBe("KEYS_UNAVAILABLE");
    expect(await isolate.asks(nobody())).toBe("KEYS_UNAVAILABLE");
    expect(await isolate.asks(project, { claims: { exp: nowSeconds() - 1 } })).toBe("TOKEN_EXPIRED");
    expect(await isolate.asks(project, { claims: { stream_id: "b" } })).toBe("TOKEN_STREAM");
    expect(await isolate.asks(project, { sign: () => Promise.resolve(new ArrayBuffer(32)) })).toBe("TOKEN_SIGNATURE");
    log.take();
  });

  test("that there was no project does not outlive its freshness", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const stranger = nobody();
    expect(await isolate.asks(stranger)).toBe("TOKEN_KEY_UNKNOWN");
    outage(isolate);
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(stranger)).toBe("KEYS_UNAVAILABLE");
    log.take();
  });

  test("what fails is asked again only now and then", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    outage(isolate);
    const stranger = nobody();
    for (let i = 0; i < 5; i++) expect(await isolate.asks(stranger)).toBe("KEYS_UNAVAILABLE");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 1 });
    clock.advanceSeconds(RECHECK_SECONDS);
    for (let i = 0; i < 5; i++) expect(await isolate.asks(stranger)).toBe("KEYS_UNAVAILABLE");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 1, read: 1 });
    log.take();
  });

  test("KV's copy opens what it knows to an isolate that knows nothing", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    isolate.places.objects = "fails";
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    expect(await isolate.asks(nobody())).toBe("KEYS_UNAVAILABLE");
    expect(isolate.places.takeQuestions()).toEqual({ asked: 2, read: 2 });
    log.take();
  });

  test("a copy of a lower version replaces nothing, and a higher one revokes", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const first = await maker.createProject();
    const old = await env.REGISTRY.get(first.name);
    const second = await rotate(first, 0);
    expect(await isolate.asks(second)).toBe("let in");
    await env.REGISTRY.put(first.name, old ?? "");
    isolate.places.objects = "fails";
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(second)).toBe("let in");
    expect(await isolate.asks(first)).toBe("KEYS_UNAVAILABLE");
    const third = await rotate(first, 0);
    clock.advanceSeconds(FRESH_SECONDS + RECHECK_SECONDS);
    expect(await isolate.asks(third)).toBe("let in");
    expect(await isolate.asks(second)).toBe("KEYS_UNAVAILABLE");
    log.take();
  });

  test("a token that was verified is verified again when anything has changed about its project", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const project = await maker.createProject();
    const token = await projectToken(project.name, project.secret);
    expect(await isolate.asksWith(project.name, token)).toBe("let in");
    const copy = (await env.REGISTRY.get<ProjectRecord>(project.name, "json")) ?? expect.fail("KV has no copy");
    const keys = copy.keys.map((key) => ({ ...key, secret: newSecret("project") }));
    await env.REGISTRY.put(project.name, JSON.stringify({ ...copy, version: copy.version + 1, keys }));
    isolate.places.objects = "fails";
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asksWith(project.name, token)).toBe("TOKEN_SIGNATURE");
    log.take();
  });

  test("a project that is known to be deleted does not come back by a copy of before", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    const old = await env.REGISTRY.get(project.name);
    await maker.operate(`/projects/${project.name}`, "DELETE");
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(project)).toBe("TOKEN_KEY_UNKNOWN");
    await env.REGISTRY.put(project.name, old ?? "");
    isolate.places.objects = "fails";
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(project)).toBe("KEYS_UNAVAILABLE");
    log.take();
  });

  test("an object that hangs is waited for once; then known keys go on without waiting, and new ones are taken over", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const project = await maker.createProject();
    expect(await isolate.asks(project)).toBe("let in");
    isolate.places.objects = "hangs";
    isolate.places.registry = "hangs";
    patience.ms = 20;
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(project)).toBe("let in");
    expect(log.take().join(" ")).toContain("did not answer within 20 ms");
    // From here on whoever waited would wait longer than the test may take.
    patience.ms = 3_600_000;
    clock.advanceSeconds(RECHECK_SECONDS);
    expect(await isolate.asks(project)).toBe("let in");
    expect(await isolate.asks(project)).toBe("let in");
    expect(isolate.places.asked).toHaveLength(3);
  });

  test("what was revoked during an outage stops working at most as long after it as at any time", async () => {
    using log = new ErrorLog();
    const isolate = new Isolate();
    const before = await maker.createProject();
    expect(await isolate.asks(before)).toBe("let in");
    outage(isolate);
    clock.advanceSeconds(FRESH_SECONDS);
    expect(await isolate.asks(before)).toBe("let in");
    await rotate(before, 0);
    log.take();
    isolate.places.objects = "works";
    clock.advanceSeconds(FRESH_SECONDS + RECHECK_SECONDS);
    expect(await isolate.asks(before)).toBe("TOKEN_KEY_UNKNOWN");
  });
});

describe("known projects: those of the library before", () => {
  test.each([
    ["signingSecrets", (secret: string) => ({ signingSecrets: ["older", secret] })],
    ["signingSecret", (secret: string) => ({ signingSecret: secret })],
  ])("a secret in KV as %s opens, short as it may be, with the object and without", async (_field, entry) => {
    using log = new ErrorLog();
    const project = { name: freshName("legacy").slice(0, 60), secret: "short" };
    await env.REGISTRY.put(project.name, JSON.stringify(entry(project.secret)));
    const withoutKid = { header: { kid: undefined, typ: undefined } };
    const cutOff = new Isolate();
    cutOff.places.objects = "fails";
    expect(await cutOff.asks(project, withoutKid)).toBe("let in");
    expect(await new Isolate().asks(project, withoutKid)).toBe("let in");
    expect(await new Isolate().asks({ ...project, secret: "other" }, withoutKid)).toBe("TOKEN_KEY_UNKNOWN");
    log.take();
  });
});

describe("known projects: what else they say", () => {
  test("rates: a verified token counts on its project, and on its address where it was not verified for that one", async () => {
    const keys: string[] = [];
    const RATE_LIMITER = {
      limit: ({ key }: { readonly key: string }) => {
        keys.push(key);
        return Promise.resolve({ success: true });
      },
    };
    const { send } = new GuardedServer({ RATE_LIMITER });
    const [one, other] = [await maker.createProject(), await maker.createProject()];
    const headers = bearer(await projectToken(one.name, one.secret));
    for (const { name } of [one, one, other]) await send(`/v1/${name}/stream/a`, { headers });
    expect(keys).toEqual(["ip:unknown", `project:${one.name}`, `project:${one.name}`, "ip:unknown"]);
  });

  test.each(["PROJECTS", "REGISTRY"])("without %s every request is told which lines to add", async (binding) => {
    const { send } = new GuardedServer({ [binding]: undefined });
    for (const method of ["GET", "POST"]) {
      const answer = await send("/v1/stream/a", { method });
      const { error } = await answer.json<{ error: { code: string; message: string } }>();
      expect([answer.status, error.code]).toEqual([500, "BINDING_MISSING"]);
      expect(error.message).toContain(`"${binding}"`);
    }
  });

  test("an open Worker needs neither", async () => {
    expect((await sendTo({}, { PROJECTS: undefined, REGISTRY: undefined })("/v1/stream/a")).status).toBe(404);
  });
});

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ProjectRecord } from "../../../src/protocol/project.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { INDEX_NAME, type ProjectDO } from "../../../src/worker/projects/project-do.ts";
import { onlyByHand } from "../support/alarms.ts";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { freshProject, Operator, projectObject, refusal } from "./support/operator.ts";
import { watchIndex, watchRegistry } from "./support/watched.ts";

const patience = vi.hoisted(() => ({ ms: 5000 }));

// How long the object waits for KV and for the list, where a test lets them hang.
vi.mock(import("../../../src/protocol/limits.ts"), async (original) =>
  Object.defineProperty({ ...(await original()) }, "PROJECT_PATIENCE_MS", { get: () => patience.ms }),
);

afterEach(() => {
  patience.ms = 5000;
});

const operator = new Operator();

function copyOf(name: string): Promise<ProjectRecord | null> {
  return env.REGISTRY.get<ProjectRecord>(name, "json");
}

async function listed(name: string): Promise<boolean> {
  const names = await projectObject(INDEX_NAME).names("", 1000);
  return names.includes(name);
}

function alarmOf(name: string): Promise<number | null> {
  return runInDurableObject(projectObject(name), (_instance, { storage }) => storage.getAlarm());
}

describe("copies in KV", () => {
  test("every change is copied, and then no alarm is left", async () => {
    const name = freshProject();
    const { secret } = await operator.create(name);
    expect(await copyOf(name)).toMatchObject({ name, version: 1, keys: [{ secret }] });
    const { secret: added } = await operator.do("POST", `/projects/${name}/keys`, { overlapSeconds: 0 });
    expect(await copyOf(name)).toEqual(await projectObject(name).record(name));
    expect(await copyOf(name)).toMatchObject({ version: 2, keys: [{ secret: added }] });
    expect(await alarmOf(name)).toBeNull();
  });

  test("a KV that fails fails no change, and has the last one once an alarm finds it working", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    using log = new ErrorLog();
    const name = freshProject();
    {
      using registry = watchRegistry();
      registry.fail("put");
      await operator.create(name);
      await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 7 } });
      expect(await copyOf(name)).toBeNull();
      expect((await projectObject(name).record(name))?.version).toBe(2);
      expect(await runDurableObjectAlarm(projectObject(name))).toBe(true);
    }
    expect(log.take().join("\n")).toContain("will be later");
    await evictDurableObject(projectObject(name));
    expect(await alarmOf(name)).toBeGreaterThan(clock.nowMs);
    expect(await runDurableObjectAlarm(projectObject(name))).toBe(true);
    expect(await copyOf(name)).toMatchObject({ version: 2, readersMax: 7 });
    expect(await alarmOf(name)).toBeNull();
  });

  test("a deletion that KV did not hear of is told by an alarm", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    using log = new ErrorLog();
    const name = freshProject();
    await operator.create(name);
    {
      using registry = watchRegistry();
      registry.fail("delete");
      expect((await operator.ask("DELETE", `/projects/${name}`)).status).toBe(204);
    }
    log.take();
    expect(await copyOf(name)).toMatchObject({ version: 1 });
    // What KV still has is not taken for a project of before.
    await evictDurableObject(projectObject(name));
    expect(await projectObject(name).record(name)).toBeUndefined();
    await runDurableObjectAlarm(projectObject(name));
    expect(await copyOf(name)).toBeNull();
  });

  test("a KV that hangs holds up no change for ever, and no earlier copy comes after a later one", async () => {
    using log = new ErrorLog();
    const name = freshProject();
    await operator.create(name);
    using registry = watchRegistry();
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    registry.intercept(async ({ method, real }) => {
      if (method === "put") await released;
      return real();
    });
    patience.ms = 50;
    await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 6 } });
    await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 7 } });
    expect(log.take().join("\n")).toContain("will be later");
    expect(registry.calls.filter((method) => method === "put")).toHaveLength(1);
    patience.ms = 5000;
    release(undefined);
    await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 8 } });
    expect(await copyOf(name)).toMatchObject({ version: 4, readersMax: 8 });
  });

  test("without REGISTRY projects work all the same", async () => {
    const name = freshProject();
    const object = projectObject(name);
    await runInDurableObject(object, async (instance, state) => {
      const Class = instance.constructor as typeof ProjectDO;
      const withoutKv = new Class(state, { PROJECTS: env.PROJECTS });
      const key = { kid: "k", secret: newSecret("project") };
      expect(await withoutKv.create(name, key, {})).toMatchObject({ kind: "created" });
      expect(await withoutKv.record(name)).toMatchObject({ version: 1, keys: [key] });
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("the list of projects", () => {
  test("a creation that ended after its name was listed left no project, and can be made again", async () => {
    using log = new ErrorLog();
    const name = freshProject();
    {
      using index = watchIndex();
      index.intercept(async ({ method, real }) => {
        await real();
        if (method === "putName") throw new Error("the answer got lost");
      });
      expect(await refusal(await operator.ask("POST", "/projects", { name }))).toEqual([503, "UNAVAILABLE"]);
    }
    log.take();
    expect(await listed(name)).toBe(true);
    expect(await operator.names()).not.toContain(name);
    expect((await operator.ask("GET", `/projects/${name}`)).status).toBe(404);
    await operator.create(name);
    expect(await operator.names()).toContain(name);
  });

  test("a name that could not be taken out after a deletion is skipped, and goes by an alarm", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    using log = new ErrorLog();
    const name = freshProject();
    await operator.create(name);
    {
      using index = watchIndex();
      index.fail("removeName");
      expect((await operator.ask("DELETE", `/projects/${name}`)).status).toBe(204);
    }
    log.take();
    expect(await listed(name)).toBe(true);
    expect(await operator.names()).not.toContain(name);
    await runDurableObjectAlarm(projectObject(name));
    expect(await listed(name)).toBe(false);
  });

  test("a late removal does not take out a project that was created meanwhile", async () => {
    using log = new ErrorLog();
    using index = watchIndex();
    const name = freshProject();
    await operator.create(name);
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    const { promise: removed, resolve: done } = Promise.withResolvers<undefined>();
    index.intercept(async ({ method, real }) => {
      if (method === "removeName") await released;
      await real();
      if (method === "removeName") done(undefined);
    });
    patience.ms = 50;
    expect((await operator.ask("DELETE", `/projects/${name}`)).status).toBe(204);
    patience.ms = 5000;
    await operator.create(name);
    release(undefined);
    await removed;
    log.take();
    expect(await operator.names()).toContain(name);
  });

  test("versions grow over deletions, and outlive the object's sleep", async () => {
    const name = freshProject();
    const versions: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      versions.push((await operator.create(name)).project.version);
      await operator.ask("DELETE", `/projects/${name}`);
      await evictDurableObject(projectObject(name));
    }
    expect(versions).toEqual([1, 3, 5]);
  });
});

describe("projects of the library before", () => {
  test("secrets in KV become a project at its first use, and the entry stays until something changes", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const name = freshProject("legacy");
    const secrets = ["short", newSecret("project")];
    const entry = JSON.stringify({
      signingSecrets: [...secrets, "short"],
      corsOrigins: ["https://app.example", "nonsense"],
    });
    await env.REGISTRY.put(name, entry);
    const records = await Promise.all([1, 2, 3].map(() => projectObject(name).record(name)));
    for (const record of records) {
      expect(record).toMatchObject({ name, version: 1, corsOrigins: ["https://app.example"] });
      expect(record?.keys.map(({ secret }) => secret)).toEqual(secrets);
    }
    expect(await env.REGISTRY.get(name)).toBe(entry);
    await runDurableObjectAlarm(projectObject(name));
    expect(await operator.names()).toContain(name);
    const { secret: added } = await operator.do("POST", `/projects/${name}/keys`, {});
    const copy = await copyOf(name);
    expect(copy?.version).toBe(2);
    expect(copy?.keys.map(({ secret }) => secret)).toEqual([added, ...secrets]);
  });

  test.each([
    [{ signingSecret: "one" }, ["one"]],
    [{ signingSecrets: ["a", "b", "c", "d", "e"] }, ["a", "b", "c", "d"]],
    [{ signingSecrets: ["a", 1, null, ""] }, ["a"]],
  ])("%j", async (entry, secrets) => {
    const name = freshProject("legacy");
    await env.REGISTRY.put(name, JSON.stringify(entry));
    expect((await projectObject(name).record(name))?.keys.map(({ secret }) => secret)).toEqual(secrets);
  });

  test.each([
    "no JSON",
    "null",
    "[]",
    '"text"',
    "{}",
    '{"signingSecrets":[]}',
    '{"signingSecrets":"abc"}',
    '{"name":"somebody-elses","version":3,"createdAtMs":1,"corsOrigins":[],"keys":[]}',
    '{"name":"x","version":3,"createdAtMs":1,"corsOrigins":[],"keys":[{"kid":"k"}],"signingSecrets":["a"]}',
  ])("%s makes no project", async (text) => {
    using log = new ErrorLog();
    const name = freshProject("legacy");
    await env.REGISTRY.put(name, text);
    expect(await projectObject(name).record(name)).toBeUndefined();
    expect(log.take()).toEqual([`What REGISTRY holds under ${name} makes no project.`]);
  });

  test("a project of before is not made anew, unless by the very secret that signs", async () => {
    const name = freshProject("legacy");
    const secret = newSecret("project");
    await env.REGISTRY.put(name, JSON.stringify({ signingSecrets: [secret] }));
    expect(await refusal(await operator.ask("POST", "/projects", { name }))).toEqual([409, "PROJECT_EXISTS"]);
    expect((await operator.ask("POST", "/projects", { name, secret })).status).toBe(200);
  });

  test("while KV cannot say whether there is one, nobody is told that there is none, and none is made over it", async () => {
    using log = new ErrorLog();
    const name = freshProject("legacy");
    await env.REGISTRY.put(name, JSON.stringify({ signingSecrets: ["before"] }));
    {
      using registry = watchRegistry();
      registry.fail("get");
      const failure: unknown = await projectObject(name)
        .record(name)
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ message: "injected failure of get" });
      expect(await refusal(await operator.ask("POST", "/projects", { name }))).toEqual([503, "UNAVAILABLE"]);
      expect(await refusal(await operator.ask("GET", `/projects/${name}`))).toEqual([503, "UNAVAILABLE"]);
    }
    log.take();
    expect((await projectObject(name).record(name))?.keys).toMatchObject([{ secret: "before" }]);
  });

  test("a project whose object was lost goes on from its copy", async () => {
    const name = freshProject();
    const key = { kid: "0123456789abcdef", secret: newSecret("project"), createdAtMs: 1 };
    const record = { name, version: 9, createdAtMs: 1, corsOrigins: [], readersMax: 4, keys: [key] };
    await env.REGISTRY.put(name, JSON.stringify(record));
    expect(await projectObject(name).record(name)).toEqual(record);
    expect((await operator.do("PATCH", `/projects/${name}`, { settings: {} })).project.version).toBe(9);
    const changed = await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 5 } });
    expect(changed.project.version).toBe(10);
  });

  test("KV is asked once about a project, and about a name without one only now and then", async () => {
    using clock = new Clock();
    using registry = watchRegistry();
    const [name, none] = [freshProject("legacy"), freshProject("none")];
    await env.REGISTRY.put(name, JSON.stringify({ signingSecrets: ["before"] }));
    const asked = async (which: string): Promise<number> => {
      const before = registry.calls.length;
      for (let i = 0; i < 3; i++) await projectObject(which).record(which);
      return registry.calls.length - before;
    };
    expect([await asked(name), await asked(none)]).toEqual([1, 1]);
    expect([await asked(name), await asked(none)]).toEqual([0, 0]);
    clock.advanceSeconds(60);
    expect([await asked(name), await asked(none)]).toEqual([0, 1]);
  });

  test("asking for a name that was never used stores nothing", async () => {
    const name = freshProject("never");
    expect(await projectObject(name).record(name)).toBeUndefined();
    await runInDurableObject(projectObject(name), async (_instance, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM sqlite_master").toArray()).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
  });
});

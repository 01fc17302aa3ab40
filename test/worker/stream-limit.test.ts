import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DirectoryDO } from "../../src/worker/directory/directory-do.ts";
import { directoryOf } from "./directory/support/directories.ts";
import { ProjectClient } from "./subscriptions/support/http.ts";
import { atTheDoor } from "./support/at-the-door.ts";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { sendTo } from "./support/stream-client.ts";

/** A project that may have so many streams. */
function limited(streamsMax: number, project?: string): ProjectClient {
  const send = sendTo({ settingsOf: () => Promise.resolve({ corsOrigins: [], streamsMax }) });
  return project === undefined ? new ProjectClient(send) : new ProjectClient(send, project);
}

function put(project: ProjectClient, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return project.send(`${project.root}/${path}`, { method: "PUT", headers });
}

async function status(project: ProjectClient, path: string, headers?: Record<string, string>): Promise<number> {
  return (await put(project, path, headers)).status;
}

describe("limits of a project: streams", () => {
  test("limits: one stream more than the project may have is 409, names the limit, and leaves nothing behind", async () => {
    const project = limited(2);
    expect(await status(project, "a")).toBe(201);
    expect(await status(project, "b")).toBe(201);
    const refused = await put(project, "c");
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      error: { code: "TOO_MANY_STREAMS", message: expect.stringContaining("may have 2 streams") as string },
    });
    expect((await project.send(`${project.root}/c`, { method: "HEAD" })).status).toBe(404);
    expect(await (await project.control("GET", "streams?fields=name")).json()).toMatchObject({
      streams: [{ path: "a" }, { path: "b" }],
    });
  });

  test("limits: streams that are there are confirmed, appended to and read, and a deletion makes room", async () => {
    const project = limited(1);
    expect(await status(project, "a", { "Content-Type": "application/json" })).toBe(201);
    expect(await status(project, "a", { "Content-Type": "application/json" })).toBe(200);
    await project.append("a", 1);
    expect(await status(project, "b")).toBe(409);
    await project.send(`${project.root}/a`, { method: "DELETE" });
    const stream = env.STREAMS.getByName(`${project.project}/a`);
    await eventually(async () => {
      await runInDurableObject(stream, (instance) => instance.alarm());
      return status(project, "b");
    }).toBe(201);
  });

  test("limits: a name that is used again takes no more room", async () => {
    const project = limited(1);
    using log = new ErrorLog();
    await status(project, "a");
    const door = atTheDoor(DirectoryDO, "unregister", () => Promise.reject(new Error("injected: down")));
    await project.send(`${project.root}/a`, { method: "DELETE" });
    expect(await status(project, "a")).toBe(201);
    log.take();
    door[Symbol.dispose]();
  });

  test("limits: forks count, and one that is refused holds nothing of its source", async () => {
    const project = limited(2);
    await status(project, "a");
    const fork = { "Stream-Forked-From": `${project.root}/a` };
    expect(await status(project, "f", fork)).toBe(201);
    expect(await status(project, "g", fork)).toBe(409);
    await eventually(() =>
      runInDurableObject(env.STREAMS.getByName(`${project.project}/a`), (_instance, { storage }) =>
        storage.sql.exec("SELECT fork FROM fork").toArray(),
      ),
    ).toEqual([{ fork: `${project.project}/f` }]);
  });

  test("limits: of many creations at a time no more succeed than there is room for", async () => {
    const project = limited(5);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => status(project, `s${String(i)}`)));
    expect(answers.toSorted()).toEqual([...Array<number>(5).fill(201), ...Array<number>(7).fill(409)]);
  });

  test("limits: a limit that is set later, or changed, counts what there is, also after the directory was away", async () => {
    const unlimited = new ProjectClient();
    for (const path of ["a", "b", "c"]) await unlimited.createStream(path);
    expect(await status(limited(3, unlimited.project), "d")).toBe(409);
    expect(await status(limited(4, unlimited.project), "d")).toBe(201);
    await evictDurableObject(directoryOf(unlimited.project));
    expect(await status(limited(4, unlimited.project), "e")).toBe(409);
    expect(await status(unlimited, "e")).toBe(201);
    expect(await status(limited(5, unlimited.project), "f")).toBe(409);
  });

  test("limits: while the directory does not answer streams are made all the same, and count from then on", async () => {
    const project = limited(1);
    using log = new ErrorLog();
    {
      const door = atTheDoor(DirectoryDO, "register", () => Promise.reject(new Error("injected: down")));
      expect(await status(project, "a")).toBe(201);
      expect(await status(project, "b")).toBe(201);
      door[Symbol.dispose]();
    }
    for (const path of ["a", "b"]) {
      await eventually(async () => {
        const stream = env.STREAMS.getByName(`${project.project}/${path}`);
        await runInDurableObject(stream, (instance) => instance.alarm());
        const list = await (await project.control("GET", "streams?fields=name")).json<{ streams: unknown[] }>();
        return list.streams;
      }).toContainEqual({ path });
    }
    expect(await status(project, "c")).toBe(409);
    log.take();
  });
});

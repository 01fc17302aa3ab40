import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { DirectoryDO } from "../../src/worker/directory/directory-do.ts";
import { directoryOf, freshProject, listed, registration, subscribe } from "./directory/support/directories.ts";
import { ProjectClient, SubscriptionHttp } from "./subscriptions/support/http.ts";
import { atTheDoor } from "./support/at-the-door.ts";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { errorCode, sendTo } from "./support/stream-client.ts";

// The real limit would take a thousand subscriptions each time.
const MOST = 3;
vi.mock(import("../../src/protocol/limits.ts"), async (original) => ({
  ...(await original()),
  STREAM_LINKS_MAX: 3 as 1000,
}));

const PULL = { type: "pull-wake", wake_stream: "wake" };

/** As many subscriptions as a stream may be linked to. */
async function crowd(project: ProjectClient, fields: object = { pattern: "events/*" }): Promise<SubscriptionHttp[]> {
  const all: SubscriptionHttp[] = [];
  for (let i = 0; i < MOST; i++) all.push(await project.subscribe({ ...PULL, ...fields }, `s${String(i)}`));
  return all;
}

async function linkedTo(project: ProjectClient, path: string): Promise<unknown[]> {
  return runInDurableObject(env.STREAMS.getByName(`${project.project}/${path}`), (_instance, { storage }) => {
    const rows = storage.sql.exec<{ subscription: string }>("SELECT subscription FROM link ORDER BY subscription");
    return rows.toArray().map(({ subscription }) => subscription);
  });
}

function putStream(project: ProjectClient, path: string): Promise<Response> {
  return project.send(`${project.root}/${path}`, { method: "PUT" });
}

describe("link limit: a subscription that would be one more of a stream", () => {
  test("link limit: its creation is 409 and names stream and limit, it is not there, and no link of the others is lost", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a");
    await crowd(project);
    const one = new SubscriptionHttp(project, "one-more");
    const answer = await one.put({ ...PULL, pattern: "events/*" });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: { code: "TOO_MANY_LINKS", message: expect.stringMatching(/"events\/a" is linked to 3/) as string },
    });
    expect((await one.get()).status).toBe(404);
    expect(await linkedTo(project, "events/a")).toEqual(["s0", "s1", "s2"]);
    // What does not match that stream has room.
    expect((await one.put({ ...PULL, pattern: "others/*" })).status).toBe(201);
  });

  test("link limit: with an explicit stream it is 409 as well, at the creation and when streams are added", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a");
    await project.createStream("events/b");
    await crowd(project, { streams: ["events/a"] });
    const one = new SubscriptionHttp(project, "one-more");
    expect((await one.put({ ...PULL, streams: ["events/a"] })).status).toBe(409);
    await (await one.put({ ...PULL, streams: ["events/b"] })).body?.cancel();
    const added = await one.addStreams("events/a", "events/c");
    expect([added.status, await errorCode(added)]).toEqual([409, "TOO_MANY_LINKS"]);
    // What could be linked is, and the other leaves nothing behind.
    expect((await one.facts())["streams"]).toMatchObject([{ path: "events/b" }, { path: "events/c" }]);
    expect((await one.addStreams("events/c")).status).toBe(204);
  });

  test("link limit: a path that is not there yet is named by no more subscriptions than its stream may be linked to", async () => {
    const project = new ProjectClient();
    await crowd(project, { streams: ["events/later"] });
    const answer = await new SubscriptionHttp(project, "one-more").put({ ...PULL, streams: ["events/later"] });
    expect([answer.status, await errorCode(answer)]).toEqual([409, "TOO_MANY_LINKS"]);
    await project.createStream("events/later", 1);
    expect(await linkedTo(project, "events/later")).toEqual(["s0", "s1", "s2"]);
  });

  test("link limit: deleted subscriptions take no room, though the stream has not heard of their end", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a");
    const [first] = await crowd(project);
    await first?.delete();
    expect(await linkedTo(project, "events/a")).toEqual(["s0", "s1", "s2"]);
    await project.subscribe({ ...PULL, pattern: "events/*" }, "s3");
    expect(await linkedTo(project, "events/a")).toEqual(["s1", "s2", "s3"]);
  });

  test("link limit: a subscription that is linked already is linked again, and its later namesake takes its place", async () => {
    const project = new ProjectClient();
    await project.createStream("events/a");
    const [first] = await crowd(project);
    await first?.delete();
    await first?.put({ ...PULL, pattern: "events/*" });
    expect(await linkedTo(project, "events/a")).toEqual(["s0", "s1", "s2"]);
  });
});

describe("link limit: a stream that more subscriptions match", () => {
  async function overcrowded(): Promise<ProjectClient> {
    const project = new ProjectClient();
    await crowd(project);
    await project.subscribe({ ...PULL, pattern: "**" }, "s3");
    return project;
  }

  test("link limit: its creation is 409, and it is neither there nor in the list; so is a fork's, which its source forgets", async () => {
    const project = await overcrowded();
    await project.createStream("elsewhere", 1);
    const answer = await putStream(project, "events/a");
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: { code: "TOO_MANY_LINKS", message: expect.stringMatching(/linked to 4 subscriptions, and 3/) as string },
    });
    expect((await project.send(`${project.root}/events/a`, { method: "HEAD" })).status).toBe(404);
    const headers = { "Stream-Forked-From": `${project.root}/elsewhere` };
    const fork = await project.send(`${project.root}/events/f`, { method: "PUT", headers });
    expect([fork.status, await errorCode(fork)]).toEqual([409, "TOO_MANY_LINKS"]);
    expect(await (await project.control("GET", "streams?fields=name")).json()).toMatchObject({
      streams: [{ path: "elsewhere" }],
    });
    await eventually(() =>
      runInDurableObject(env.STREAMS.getByName(`${project.project}/elsewhere`), (_instance, { storage }) =>
        storage.sql.exec("SELECT fork FROM fork").toArray(),
      ),
    ).toEqual([]);
  });

  test("link limit: with one subscription less it is created, and linked to all of them", async () => {
    const project = await overcrowded();
    await new SubscriptionHttp(project, "s0").delete();
    await project.createStream("events/a", 1);
    expect(await linkedTo(project, "events/a")).toEqual(["s1", "s2", "s3"]);
  });

  test("link limit: one that is made while the directory does not answer is linked to all of them, and loses none", async () => {
    const project = await overcrowded();
    using log = new ErrorLog();
    let isDown = true;
    const door = atTheDoor(DirectoryDO, "register", (real) =>
      isDown ? Promise.reject(new Error("injected: the directory is down")) : real(),
    );
    await project.createStream("events/a", 1);
    expect(log.take()).toMatchObject([expect.stringContaining("could not be put into the directory") as string]);
    isDown = false;
    const stream = env.STREAMS.getByName(`${project.project}/events/a`);
    await eventually(async () => {
      await runInDurableObject(stream, (instance) => instance.alarm());
      return linkedTo(project, "events/a").catch(() => []);
    }).toEqual(["s0", "s1", "s2", "s3"]);
    door[Symbol.dispose]();
  });
});

describe("link limit: at the directory", () => {
  test("link limit: a stream that is there already is registered whatever holds", async () => {
    const directory = directoryOf(freshProject());
    for (let i = 0; i <= MOST; i++) await subscribe(directory, `s${String(i)}`, { pattern: "*" });
    const refused = await directory.register(registration("x"), { streamsMax: undefined });
    expect(refused).toMatchObject({ links: [], refused: { code: "TOO_MANY_LINKS" } });
    expect((await directory.streams("", "", 10)).streams).toEqual([]);
    expect((await directory.register(registration("x"))).links).toHaveLength(MOST + 1);
    expect((await directory.streams("", "", 10)).streams).toHaveLength(1);
  });

  test("link limit: a subscription that names a path already may name it again", async () => {
    const directory = directoryOf(freshProject());
    const refs = [];
    for (let i = 0; i <= MOST; i++) refs.push(await subscribe(directory, `s${String(i)}`));
    const named = [];
    for (const ref of refs) named.push(await directory.putExplicit(ref, ["x", "y"]));
    expect(named).toEqual([[], [], [], ["x", "y"]]);
    expect(await directory.putExplicit(refs[0] ?? listed("none"), ["x", "z"])).toEqual([]);
  });

  test("link limit: unlisted tells which subscriptions are gone, or are others by now", async () => {
    const directory = directoryOf(freshProject());
    const [a, b] = [await subscribe(directory, "a"), await subscribe(directory, "b")];
    await directory.removeSubscription(a);
    const other = { ...b, incarnation: "another" };
    expect(await directory.unlisted([a, b, other])).toEqual([a, other]);
  });
});

test("link limit: without a directory nothing is refused", async () => {
  const send = sendTo({}, { DIRECTORY: undefined, SUBSCRIPTIONS: undefined });
  expect((await send(`/v1/p${crypto.randomUUID()}/stream/a`, { method: "PUT" })).status).toBe(201);
});

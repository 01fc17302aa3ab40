// backup, restore and mirror, killed at any moment and run again.
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, startCli } from "../../support/cli.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { SERVERS, startBuilt, startReference, type TestServer } from "../../support/servers.ts";
import { linesOf } from "../support/appear.ts";
import { killedAtLine } from "../support/killed.ts";
import { append, close, create, expectSame, readWhole, type Whole } from "./support/raw.ts";

const KILLS = 4;
const SMALL_STREAMS = 6;

function urlOf(server: TestServer, name: string): string {
  return `${server.url}/v1/stream/${name}`;
}

function seedOf(): number {
  return Number(process.env["TEST_SEED"] ?? Date.now() % 1_000_000);
}

/** Kills it so often, then lets it come to its end. */
async function killedAgainAndAgain(args: readonly string[], random: SeededRandom, most: number): Promise<number> {
  let killed = 0;
  for (let i = 0; i < KILLS; i++) if (await killedAtLine(args, random.int(1, most))) killed++;
  const { code, stdout, stderr } = await runCli(args);
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return killed;
}

/** Streams of several answers and batches, and small ones. */
async function makeStreams(server: TestServer, random: SeededRandom): Promise<readonly string[]> {
  const names: string[] = [];
  const type = "application/json";
  for (let i = 0; i < SMALL_STREAMS; i++) {
    const name = `some/${String(i)}`;
    names.push(name);
    await create(urlOf(server, name), { contentType: type });
    await append(urlOf(server, name), type, JSON.stringify([i, { i }]));
    if (random.chance(0.5)) await close(urlOf(server, name));
  }
  const [bytes, json] = ["some/bytes", "some/json"];
  await create(urlOf(server, bytes), { contentType: "application/octet-stream" });
  await create(urlOf(server, json), { contentType: type });
  for (let i = 0; i < 5; i++) {
    await append(urlOf(server, bytes), "application/octet-stream", Buffer.from(random.bytes(1_000_000)));
    const messages = Array.from({ length: 5_000 }, (_message, at) => ({ at: i * 5_000 + at, pad: "x".repeat(200) }));
    await append(urlOf(server, json), type, JSON.stringify(messages));
  }
  await close(urlOf(server, bytes));
  return [...names, bytes, json];
}

describe("backup and restore", () => {
  it("killed in the middle again and again, they leave every message exactly once", { timeout: 240_000 }, async () => {
    const seed = seedOf();
    const random = new SeededRandom(seed);
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-copy-kill-"));
    const [source, target, reference] = await Promise.all([startBuilt(), startBuilt(), startReference()]);
    try {
      const names = await makeStreams(source, random);
      const originals = new Map<string, Whole>();
      for (const name of names) originals.set(name, await readWhole(urlOf(source, name)));
      const dir = join(folder, "backup");
      const backup = ["backup", "--prefix", "some/", dir, "--url", source.url];
      let killed = await killedAgainAndAgain(backup, random, 45);
      expect(await runCli(["backup", "verify", dir]), `seed ${String(seed)}`).toMatchObject({ code: 0, stdout: "" });
      for (const server of [target, reference]) {
        killed += await killedAgainAndAgain(["restore", dir, "--url", server.url], random, 70);
        for (const [name, original] of originals) expectSame(await readWhole(urlOf(server, name)), original);
      }
      expect(killed, `seed ${String(seed)}: kills that hit`).toBeGreaterThanOrEqual(2 * KILLS);
    } finally {
      await Promise.all([source.stop(), target.stop(), reference.stop()]);
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.each(SERVERS)("mirror --follow from the built server to $name", ({ start }) => {
  it("killed in the middle again and again, it leaves every message exactly once", { timeout: 240_000 }, async () => {
    const seed = seedOf();
    const random = new SeededRandom(seed);
    const [source, target] = await Promise.all([startBuilt(), start()]);
    try {
      const [from, to] = [urlOf(source, "followed"), urlOf(target, "followed")];
      await create(from, { contentType: "application/json" });
      let count = 0;
      const write = async (): Promise<void> => {
        const messages = Array.from({ length: random.int(1, 50) }, () => ({ n: count++ }));
        await append(from, "application/json", JSON.stringify(messages));
      };
      await write();
      // The writer goes on while mirrors come and go, and is ended by the last one's being due.
      const writing = { goesOn: true };
      const writer = (async () => {
        while (writing.goesOn) await write();
      })();
      const args = ["mirror", from, to, "--follow"];
      let killed = 0;
      for (let i = 0; i < KILLS; i++) if (await killedAtLine(args, random.int(1, 120))) killed++;
      writing.goesOn = false;
      await writer;
      await close(from);
      const { code, stdout, stderr } = await runCli([...args, "--json"]);
      expect(code, `seed ${String(seed)}: ${stdout}${stderr}`).toBe(0);
      const copy = await readWhole(to);
      expectSame(copy, await readWhole(from));
      const order = (JSON.parse(`[${copy.bytes.toString()}]`) as { n: number }[]).map(({ n }) => n);
      expect(order, `seed ${String(seed)}`).toEqual(Array.from({ length: count }, (_message, at) => at));
      expect(killed, `seed ${String(seed)}: kills that hit`).toBe(KILLS);
    } finally {
      await Promise.all([source.stop(), target.stop()]);
    }
  });
});

/** The data files of a stream as they lie on the disk. */
async function dataFiles(folder: string) {
  const names = (await readdir(folder)).filter((each) => /^\d.*\.bin$/.test(each)).sort();
  const files = await Promise.all(
    names.map(async (each) => {
      const { ino, mtimeMs, size } = await stat(join(folder, each));
      return { file: join(folder, each), ino, mtimeMs, size };
    }),
  );
  return { files, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

describe("backup of a server that answers everything at once", () => {
  it.each([
    ["killed", "SIGKILL", [null, "SIGKILL"]],
    ["interrupted", "SIGINT", [130, null]],
  ] as const)("%s within an answer, it goes on within it", { timeout: 120_000 }, async (_how, signal, ends) => {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-within-"));
    const reference = await startReference();
    const random = new SeededRandom(seedOf());
    const block = Buffer.from(random.bytes(1_000_000));
    // 40 blocks that differ; the first data file ends within the answer.
    const whole = Buffer.concat(Array.from({ length: 40 }, (_block, i) => Buffer.concat([Buffer.from([i]), block])));
    const passedOn = 25_000_000;
    let isFirst = true;
    // It passes a part of the first long answer on, and no more.
    const proxy = await startScripted(async ({ method = "", url = "" }, response) => {
      const answer = await fetch(new URL(url, reference.url), { method });
      const content = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(([key]) => /^(?:content-type|stream-|etag)/.test(key));
      response.writeHead(answer.status, Object.fromEntries(kept));
      if (method !== "GET" || !isFirst || content.byteLength < passedOn) return response.end(content);
      isFirst = false;
      return response.write(content.subarray(0, passedOn));
    });
    try {
      const name = "long";
      await create(urlOf(reference, name), { contentType: "application/octet-stream" });
      for (let at = 0; at < whole.byteLength; at += 10_000_000) {
        await append(urlOf(reference, name), "application/octet-stream", whole.subarray(at, at + 10_000_000));
      }
      const dir = join(folder, "backup");
      const args = ["backup", name, dir, "--url", proxy.url];
      const child = startCli(args);
      const closed = once(child, "close");
      const manifest = join(dir, "streams", name, "stream.json");
      expect((await linesOf(manifest))[0]).toContain("1-00000001.bin");
      child.kill(signal);
      expect(await closed).toEqual(ends);
      const kept = await dataFiles(join(dir, "streams", name));
      expect(kept.bytes).toBeLessThan(whole.byteLength);

      const { code, stdout } = await runCli([...args, "--json"]);
      expect(code, stdout).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ bytes: whole.byteLength - kept.bytes });
      const now = await dataFiles(join(dir, "streams", name));
      expect(now.files.slice(0, kept.files.length)).toEqual(kept.files);
      const parts = await Promise.all(now.files.map(({ file }) => readFile(file)));
      expect(Buffer.concat(parts).equals(whole), "the same bytes").toBe(true);
      expect(await runCli([...args, "--json"])).toMatchObject({ code: 0 });
      expect(await runCli(["backup", "verify", dir])).toMatchObject({ code: 0, stdout: "" });
    } finally {
      await proxy.stop();
      await reference.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

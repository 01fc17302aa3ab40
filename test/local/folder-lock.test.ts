import { randomUUID } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../src/local/folder-lock.ts";
import { LOCK_FILE } from "../../src/local/lock-file.ts";
import { formatHolder } from "../../src/local/lock-holder.ts";
import type { LockHolder } from "../../src/local/lock-holder.ts";
import { identifyProcess } from "../../src/local/process-identity.ts";
import { temporaryFolder } from "./support/folders.ts";
import { processGone, run, serve, spawnServer } from "./support/processes.ts";
import type { Program } from "./support/processes.ts";

const LOCK = fileURLToPath(new URL("fixtures/lock.ts", import.meta.url));
/** The process is this one and alive, but it did not start then: the pid was given out again. */
const REUSED_PID = { pid: process.pid, started: "long ago" };

async function leaveLock(file: string, holder: Partial<LockHolder> = {}): Promise<string> {
  const token = randomUUID();
  await writeFile(file, formatHolder({ token, host: hostname(), process: REUSED_PID, ...holder }));
  return token;
}

/** Starts them all, and lets them go when the last of them stands at the gate. */
async function race(dir: string, count: number): Promise<{ winners: Program[]; answers: string[] }> {
  const starters = Array.from({ length: count }, () => run([LOCK, dir]));
  await Promise.all(starters.map((starter) => starter.nextLine()));
  for (const starter of starters) starter.child.stdin.write("go\n");
  const answers = await Promise.all(starters.map((starter) => starter.nextLine()));
  const winners = starters.filter((_, index) => answers[index] === "held");
  for (const starter of starters) if (!winners.includes(starter)) starter.child.kill("SIGKILL");
  return { winners, answers };
}

describe("two servers on one folder", () => {
  test("the second is refused in one sentence that names the folder, the first, and what to do", async () => {
    const dir = await temporaryFolder();
    const first = await serve(dir);
    await expect(serve(dir)).rejects.toThrow(
      `The data folder ${dir} is in use by a server at ${first.url} (pid ${first.pid}). Use that server, stop it, or choose another folder with --persist.`,
    );
    expect((await fetch(`${first.url}/v1/health`)).status).toBe(200);
  });

  test("of two that start at once one serves and one is refused", async () => {
    const dir = await temporaryFolder();
    const answers = await Promise.all([spawnServer(dir), spawnServer(dir)].map((program) => program.nextLine()));
    expect(answers.filter((answer) => answer.includes('"url"'))).toHaveLength(1);
    expect(answers.filter((answer) => answer.includes("is in use by a server"))).toHaveLength(1);
  });
});

describe("a lock whose holder is dead", () => {
  test("is taken over after SIGKILL, and the data are there", async () => {
    const dir = await temporaryFolder();
    const first = await serve(dir);
    await fetch(`${first.url}/v1/stream/a`, { method: "POST", body: "1" });
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await serve(dir);
    expect(await (await fetch(`${second.url}/v1/stream/a`)).text()).toBe("[1]");
    await processGone(first.runtimePid);
  });

  test("goes to exactly one of many that start at once, round after round", async () => {
    const dir = await temporaryFolder();
    await leaveLock(path.join(dir, LOCK_FILE));
    for (let round = 0; round < 5; round += 1) {
      const { winners, answers } = await race(dir, 6);
      expect(winners, answers.join("\n")).toHaveLength(1);
      winners[0]?.child.kill("SIGKILL");
      await winners[0]?.ended;
    }
  });

  test("is recognised although its pid has been given to another process", async () => {
    const dir = await temporaryFolder();
    await leaveLock(path.join(dir, LOCK_FILE));
    await (await lockFolder(dir)).release();
  });

  test("is taken over although a starter was killed while it took it over", async () => {
    const dir = await temporaryFolder();
    const dead = await leaveLock(path.join(dir, LOCK_FILE));
    const deadTaker = await leaveLock(path.join(dir, `${LOCK_FILE}.${dead}`));
    await leaveLock(path.join(dir, `${LOCK_FILE}.${dead}.${deadTaker}`));
    const lock = await lockFolder(dir);
    expect(await readdir(dir)).toEqual([LOCK_FILE]);
    await lock.release();
    expect(await readdir(dir)).toEqual([]);
  });

  test("stays with the one who is taking it over", async () => {
    const dir = await temporaryFolder();
    const dead = await leaveLock(path.join(dir, LOCK_FILE));
    const alive = await identifyProcess(process.pid);
    await leaveLock(path.join(dir, `${LOCK_FILE}.${dead}`), { process: alive ?? REUSED_PID });
    await expect(lockFolder(dir)).rejects.toThrow(`a server that is just starting (pid ${process.pid})`);
  });
});

describe("a lock that cannot be judged", () => {
  test("of another machine is respected", async () => {
    const dir = await temporaryFolder();
    await leaveLock(path.join(dir, LOCK_FILE), { host: "elsewhere", url: "http://127.0.0.1:1" });
    await expect(lockFolder(dir)).rejects.toThrow(/\(pid \d+ on elsewhere\).*if it is gone for good, delete/);
  });

  test("for being damaged is respected, and the file to delete is named", async () => {
    const dir = await temporaryFolder();
    await writeFile(path.join(dir, LOCK_FILE), "");
    await expect(lockFolder(dir)).rejects.toThrow(`${path.join(dir, LOCK_FILE)} is damaged`);
  });
});

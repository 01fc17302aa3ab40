// The live view under load: the built command in a real terminal (tmux), and 10,000 messages a second for it to show.
//
//     npm run build && node bench/live-view.ts [SECONDS] [MESSAGES_PER_SECOND]
//
// Prints how many frames were drawn, how long a key took to be answered meanwhile, and what memory the view took.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startReference } from "../test/support/servers.ts";
import { Tmux } from "../test/support/tmux.ts";

const SECONDS = Number(process.argv[2] ?? 10);
const PER_SECOND = Number(process.argv[3] ?? 10_000);
/** What a slow server has let wait is sent in appends of no more than this. */
const APPEND_MAX_MESSAGES = 2_000;

/** Resident memory of a process in bytes, where the system tells. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Processor time of a process in milliseconds. */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${String(pid)}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Appends what is due until the time is over; returns how many messages were sent. */
async function load(url: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  const beganMs = performance.now();
  let sent = 0;
  for (let atMs = 0; atMs < SECONDS * 1000; atMs = performance.now() - beganMs) {
    const due = Math.min(APPEND_MAX_MESSAGES, Math.ceil((atMs * PER_SECOND) / 1000) - sent);
    if (due > 0) {
      const messages = Array.from({ length: due }, (_, i) => ({ n: sent + i, user: { id: i }, text: "x".repeat(60) }));
      await fetch(url, { method: "POST", headers, body: JSON.stringify(messages) });
      sent += due;
    }
    await wait(20);
  }
  return sent;
}

/** Frames are written between these marks (synchronized output). */
const FRAME_BEGINS = "\u001b[?2026h";

/** From a key to what it does: pausing and going on in turn. */
async function keyTimes(view: Tmux, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  while (!signal.aborted) {
    for (const expected of ["Space go live", "Space pause"]) {
      const beganMs = performance.now();
      await view.press("Space");
      await view.shows(expected);
      times.push(performance.now() - beganMs);
      await wait(200);
    }
  }
  return times.sort((a, b) => a - b);
}

const server = await startReference();
const url = `${server.url}/v1/stream/load`;
await fetch(url, { method: "PUT", headers: { "content-type": "application/json" } });
const folder = await mkdtemp(join(tmpdir(), "durable-streams-bench-"));
const recording = join(folder, "screen");
const view = await Tmux.start(["tail", "load"], { env: { DURABLE_STREAMS_URL: server.url }, columns: 120, rows: 40 });
try {
  await view.shows("waiting for messages", "● live");
  const pid = await view.pid();
  const before = await memoryOf(pid);
  const memory: number[] = [];
  const sampler = setInterval(() => void memoryOf(pid).then((bytes) => memory.push(bytes)), 250);
  const over = new AbortController();
  const cpuBefore = await cpuOf(pid);
  await view.record(recording);
  const pressing = keyTimes(view, over.signal);
  const beganMs = performance.now();
  const sent = await load(url);
  const tookS = (performance.now() - beganMs) / 1000;
  over.abort();
  const frames = (await readFile(recording, "utf8")).split(FRAME_BEGINS).length - 1;
  const cpuMs = (await cpuOf(pid)) - cpuBefore;
  const times = await pressing;
  await view.shows(`${sent.toLocaleString("en-US")} messages`);
  const lateS = (performance.now() - beganMs) / 1000 - tookS;
  clearInterval(sampler);
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;
  const highestOf = (from: number, to: number): string =>
    mib(Math.max(before, ...memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to))));
  const quarters = [0, 1, 2, 3].map((quarter) => highestOf(quarter / 4, (quarter + 1) / 4));
  const at = (share: number): string => `${(times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(0)} ms`;
  process.stdout.write(
    [
      `messages       ${String(sent)} in ${tookS.toFixed(1)} s, ${(sent / tookS).toFixed(0)}/s; all shown ${lateS.toFixed(1)} s after the last`,
      `frames         ${(frames / tookS).toFixed(1)} a second; the view took ${((cpuMs / tookS / 1000) * 100).toFixed(0)} % of a processor`,
      `a key          answered in ${at(0.5)} at the median, ${at(1)} at most (${String(times.length)} keys)`,
      `memory         ${mib(before)} before, at most ${quarters.join(", ")} in the quarters of the run`,
      "",
    ].join("\n"),
  );
} finally {
  await view.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

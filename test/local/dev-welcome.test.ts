import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { devWelcome } from "../../src/cli/dev-welcome.ts";
import { dev } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";

const FACTS = { persistDir: "/data", program: "durable-streams", demo: true, usualUrl: "http://127.0.0.1:4437" };

/** Runs a line as a person would who copied it into another terminal; npm may have words of its own on stderr. */
function shell(line: string): { lines: AsyncIterator<string>; ended: Promise<unknown> } {
  const child = spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "ignore"], detached: true });
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  return {
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    ended: once(child, "exit").then(([code]) => code as unknown),
  };
}

test("the three commands work as they are printed", async () => {
  const program = dev(await temporaryFolder());
  await program.stderrMatching(/Ctrl-C stops/);
  const [create, append, tail] = program.stderr().match(/^ {2}.+$/gm) ?? [];
  expect(await shell(create ?? "").ended).toBe(0);
  expect(await shell(append ?? "").ended).toBe(0);
  const { lines } = shell(tail ?? "");
  expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['{"n":1}', '{"n":2}']);
});

test("commands name the server only where they would not find it by themselves", () => {
  expect(devWelcome({ ...FACTS, url: "http://127.0.0.1:4437" })).not.toContain("--url");
  expect(devWelcome({ ...FACTS, url: "http://127.0.0.1:5000" })).toContain("tail demo --url http://127.0.0.1:5000");
});

test("the demo's stream is mentioned only with the demo", () => {
  expect(devWelcome({ ...FACTS, demo: false, url: FACTS.usualUrl })).not.toContain("demo");
});

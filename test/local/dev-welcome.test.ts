import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { devWelcome } from "../../src/cli/dev-welcome.ts";
import { environment } from "../support/cli.ts";
import { dev } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";

const FACTS = {
  url: "http://127.0.0.1:4437",
  persistDir: "/data",
  program: "durable-streams",
  demo: true,
  isUsual: true,
  isExposed: false,
  project: undefined,
};

/** Runs a line as a person would who copied it into another terminal; npm may have words of its own on stderr. */
function shell(line: string): { lines: AsyncIterator<string>; ended: Promise<unknown> } {
  const child = spawn("sh", ["-c", line], { env: environment(), stdio: ["ignore", "pipe", "ignore"], detached: true });
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
  expect(devWelcome(FACTS)).not.toContain("--url");
  expect(devWelcome({ ...FACTS, isUsual: false })).toContain("tail demo --url http://127.0.0.1:4437");
});

test("the demo's stream is mentioned only with the demo", () => {
  expect(devWelcome({ ...FACTS, demo: false })).not.toContain("demo");
});

test("of a guarded server commands name the context, and other programs are told of their token", () => {
  const project = { name: "shop", context: "local", isActive: false };
  const text = devWelcome({ ...FACTS, isUsual: false, project });
  expect(text).toContain("tail demo -C local\n");
  expect(text).toContain("TOKEN=$(durable-streams mint-token --scope read --ttl 1h -C local)\n");
  expect(text).toContain("http://127.0.0.1:4437/v1/shop/stream/hello?offset=-1");
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { SERVERS } from "../support/servers.ts";
import { killedAtLine } from "./support/killed.ts";

const LINES = 20_000;
const KILLS = 4;

describe.each(SERVERS)("append --checkpoint against $name", ({ start }) => {
  it(
    "killed in the middle again and again, it leaves every line exactly once, in order",
    { timeout: 120_000 },
    async () => {
      const seed = Number(process.env["TEST_SEED"] ?? Date.now() % 1_000_000);
      const random = new SeededRandom(seed);
      const folder = await mkdtemp(join(tmpdir(), "durable-streams-kill-"));
      const server = await start();
      try {
        const env = { DURABLE_STREAMS_URL: server.url };
        const input = join(folder, "lines");
        const lines = Array.from({ length: LINES }, (_, i) => `{"line":${String(i)}}`);
        await writeFile(input, `${lines.join("\n")}\n`);
        await runCli(["create", "killed", "--content-type", "application/json"], { env });
        const args = [
          "append",
          "killed",
          "--file",
          input,
          "--checkpoint",
          join(folder, "checkpoint"),
          "--batch-bytes",
          "2000",
        ];
        let killed = 0;
        for (let i = 0; i < KILLS; i++) {
          // At a random request or answer: before a send, or after one whose answer is under way.
          if (await killedAtLine(args, random.int(3, 60), env)) killed++;
        }
        const last = await runCli([...args, "--json"], { env });
        expect(last, `seed ${String(seed)}`).toMatchObject({ code: 0 });
        const { stdout } = await runCli(["read", "killed"], { env });
        expect(stdout === `${lines.join("\n")}\n`, `seed ${String(seed)}: every line once, in order`).toBe(true);
        expect(killed, `seed ${String(seed)}: kills that hit`).toBe(KILLS);
      } finally {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PrintedLines, runCli, startCli } from "../support/cli.ts";
import { SERVERS } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";

const ROUNDS = 3;
const PER_ROUND = 50;

describe.each(SERVERS)("tail while $name restarts on the same data", ({ start }) => {
  it("loses nothing and prints nothing twice", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "durable-streams-restart-"));
    const port = await steadyPort();
    let server = await start({ dataDir, port });
    const env = { DURABLE_STREAMS_URL: server.url };
    try {
      await runCli(["create", "s", "--content-type", "application/json"], { env });
      const tail = startCli(["tail", "s", "--from-start"], { env });
      const closed = once(tail, "close");
      const lines = new PrintedLines(tail);
      for (let round = 0; round < ROUNDS; round++) {
        const first = round * PER_ROUND;
        const input = Array.from({ length: PER_ROUND }, (_, i) => `${String(first + i)}\n`).join("");
        const isLast = round === ROUNDS - 1;
        expect(
          (await runCli(["append", "s", "--batch-bytes", "40", ...(isLast ? ["--close"] : [])], { env, input })).code,
        ).toBe(0);
        // The first half arrives live; then the server goes away, and the rest is read after it is back.
        await lines.atLeast(isLast ? 1 : first + PER_ROUND / 2);
        if (isLast) break;
        await server.stop();
        server = await start({ dataDir, port });
      }
      expect(await closed).toEqual([0, null]);
      expect(lines.all).toEqual(Array.from({ length: ROUNDS * PER_ROUND }, (_, i) => String(i)));
    } finally {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamMap } from "../../../src/client/operator-types.ts";
import type { Verification } from "../../../src/cli/inspect/findings.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import { startBuilt, type TestServer } from "../../support/servers.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-sweep-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function onServer<T>(work: (run: (...args: string[]) => Promise<RunResult>) => Promise<T>): Promise<T> {
  const server: TestServer = await startBuilt({ vars: { SEGMENT_MAX_MESSAGES: "3" }, dataDir: join(folder, "data") });
  try {
    return await work((...args) => runCli([...args, "--url", server.url]));
  } finally {
    await server.stop();
  }
}

type Run = (...args: string[]) => Promise<RunResult>;

/** Appends until there are so many segments; sealing goes on behind the answers. */
async function appendSealed(run: Run, texts: readonly string[], segments: number): Promise<void> {
  for (const text of texts) expect((await run("append", "s", text)).code).toBe(0);
  for (let count = 0; count < segments;) {
    const map = JSON.parse((await run("inspect", "s", "--json")).stdout) as StreamMap;
    count = map.segments.count;
  }
}

async function verify(run: Run, ...args: string[]): Promise<Verification & { readonly code: number | null }> {
  const { code, stdout } = await run("inspect", "verify", "s", "--json", ...args);
  return { ...(JSON.parse(stdout) as Verification), code };
}

describe("inspect verify --sweep", () => {
  it("removes what a stream that was set back in time left in the bucket, and the stream goes on", async () => {
    await onServer(async (run) => {
      await run("create", "s", "--content-type", "application/json");
      await appendSealed(run, ["0", "1", "2"], 1);
    });
    await cp(join(folder, "data/objects"), join(folder, "earlier"), { recursive: true });
    await onServer((run) => appendSealed(run, ["3", "4", "5"], 2));
    await rm(join(folder, "data/objects"), { recursive: true });
    await cp(join(folder, "earlier"), join(folder, "data/objects"), { recursive: true });

    await onServer(async (run) => {
      const found = await verify(run);
      expect([found.code, found.ok, found.findings.map(({ code }) => code)]).toEqual([8, false, ["ORPHAN_OBJECT"]]);
      const orphan = found.findings[0]?.key;
      const swept = await verify(run, "--sweep");
      expect(swept).toMatchObject({ code: 0, ok: true, findings: [], swept: [orphan] });
      expect(await verify(run)).toMatchObject({ code: 0, ok: true, segments: 1 });
      expect((await run("inspect", "verify", "s", "--sweep")).stdout).toMatch(/^Intact: 1 segment /);
      await appendSealed(run, ['"a"', '"b"', '"c"'], 2);
      expect(await verify(run)).toMatchObject({ code: 0, ok: true, segments: 2 });
      expect((await run("read", "s")).stdout).toBe('0\n1\n2\n"a"\n"b"\n"c"\n');
    });
  });

  it("has no place where files are checked", async () => {
    const { code, stderr } = await runCli(["inspect", "verify", "--file", "x.seg", "--sweep"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--sweep");
  });
});

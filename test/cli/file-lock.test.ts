// Locks of files, where the file system or somebody else has left something odd.
import fs, { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFile } from "../../src/cli/file-lock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-file-lock-"));
  file = join(folder, "kept");
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await rm(folder, { recursive: true, force: true });
});

/** What the file system does instead of a hard link. */
function linking(link: typeof fs.link): void {
  vi.spyOn(fs, "link").mockImplementation(link);
  syncBuiltinESMExports();
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: link`), { code, syscall: "link" });
}

describe("lockFile", () => {
  it.each(["EACCES", "EPERM", "ENOSYS", "EMLINK"])("holds where hard links are refused with %s", async (code) => {
    linking(() => Promise.reject(systemError(code)));
    const lock = await lockFile(file);
    await expect(lockFile(file)).rejects.toMatchObject({ code: "FILE_IN_USE" });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("a link that was made though its answer was lost, and that is found by the next try, is one's own", async () => {
    const { link } = fs;
    linking(async (from, to) => {
      await link(from, to);
      throw systemError("EEXIST");
    });
    const lock = await lockFile(file);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["nothing", ""],
    ["another program's", "{}"],
    [
      "one whose token leads elsewhere",
      JSON.stringify({ token: "/../../elsewhere", process: { pid: 1, started: "" } }),
    ],
  ])("a lock that is %s is told of, left alone, and names no other file", async (_what, content) => {
    await writeFile(`${file}.lock`, content);
    const message = expect.stringContaining("its lock cannot be read") as string;
    await expect(lockFile(file)).rejects.toMatchObject({ code: "FILE_IN_USE", message });
    expect(await readdir(folder)).toEqual(["kept.lock"]);
  });
});

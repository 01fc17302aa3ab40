import { once } from "node:events";
import { link, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  readExportJournal,
  writeExportJournal,
  type ExportProgress,
} from "../../../src/cli/inspect/export/export-journal.ts";
import { runCli, startCli, type RunResult } from "../../support/cli.ts";
import { startPages, type PageServer, type ServedStream } from "./support/page-server.ts";
import { readParquet } from "./support/parquet.ts";

const INCARNATION = "11111111-2222-4333-8444-555555555555";

/** Pages of about 5 MB: a save lies after every second one, and a row group ends inside every fourth. */
const PAGES = 8;
const jsonPages = Array.from({ length: PAGES }, (_page, i) =>
  Array.from({ length: 6000 }, (_message, n) =>
    JSON.stringify({ n: i * 6000 + n, text: `message ${String(n)} `.repeat(65) }),
  ),
);
/** Lines that no page end respects. */
const text = Buffer.from(
  Array.from({ length: 40_000 }, (_line, n) => `${String(n)} ${"x".repeat(n % 2000)}\n`).join(""),
);
const textPages = Array.from({ length: PAGES }, (_page, i) =>
  text.subarray(Math.floor((i * text.byteLength) / PAGES), Math.floor(((i + 1) * text.byteLength) / PAGES)),
);

let folder: string;
let file: string;
let server: PageServer | undefined;
let stream: ServedStream;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-resume-"));
  file = join(folder, "x");
  stream = { contentType: "application/json", incarnation: INCARNATION, pages: jsonPages };
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

const args = (to: string, ...more: readonly string[]): readonly string[] => {
  return ["inspect", "export", "s", "--to", to, "--file", file, "--url", server?.url ?? "", ...more];
};

/** Exports what the server has, always at the same URL: the journal belongs to it, and so does a Parquet file. */
async function exported(
  to: string,
  ...more: readonly string[]
): Promise<RunResult & { readonly resumedAtRow: number }> {
  const run = await runCli(args(to, "--json", ...more));
  return { ...run, resumedAtRow: (JSON.parse(run.stdout) as { resumedAtRow?: number }).resumedAtRow ?? 0 };
}

/** Starts an export and kills it when it has asked for the page. */
async function killedAt(
  page: number,
  to: string,
  signal: NodeJS.Signals = "SIGKILL",
  said: (stderr: string) => void = () => undefined,
): Promise<number | null> {
  const child = startCli(args(to));
  let stderr = "";
  child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
  const closed = once(child, "close") as Promise<[number | null]>;
  await server?.asked(page);
  child.kill(signal);
  const [code] = await closed;
  said(stderr);
  return code;
}

async function undisturbed(to: string): Promise<Buffer> {
  const { code } = await exported(to);
  expect(code).toBe(0);
  const bytes = await readFile(file);
  await rm(file);
  return bytes;
}

describe("inspect export that is killed", () => {
  it.each([
    ["ndjson of JSON", "ndjson", "application/json", jsonPages, INCARNATION],
    ["raw JSON", "raw", "application/json", jsonPages, INCARNATION],
    ["parquet of JSON", "parquet", "application/json", jsonPages, INCARNATION],
    ["ndjson of text", "ndjson", "text/plain", textPages, INCARNATION],
    ["parquet of text", "parquet", "text/plain", textPages, INCARNATION],
    ["parquet of bytes", "parquet", "application/octet-stream", textPages, INCARNATION],
    ["raw bytes", "raw", "application/octet-stream", textPages, INCARNATION],
    ["parquet of another server's text", "parquet", "text/plain", textPages, undefined],
  ] as const)(
    "%s: killed again and again it goes on where it was, and the file is the same to the byte",
    async (_what, to, contentType, pages, incarnation) => {
      stream = { contentType, incarnation, pages };
      server = await startPages(stream);
      const whole = await undisturbed(to);
      let firstRead = 0;
      for (const page of [4, 7]) {
        server.forget();
        stream.holdFrom = page;
        expect(await killedAt(page, to)).toBe(null);
        expect((await readdir(folder)).sort()).toEqual(["x.export", "x.lock", "x.part"]);
        expect(server.reads.findIndex((reads) => reads > 0)).toBe(firstRead);
        const journal = await readExportJournal(`${file}.export`);
        expect(journal?.bytes).toBeGreaterThan(0);
        firstRead = pageOf(stream, journal);
        expect(firstRead).toBeGreaterThan(0);
      }
      delete stream.holdFrom;
      server.forget();
      const { code, resumedAtRow } = await exported(to);
      expect(code).toBe(0);
      expect(resumedAtRow).toBeGreaterThan(0);
      expect(server.reads.findIndex((reads) => reads > 0)).toBe(firstRead);
      expect((await readFile(file)).equals(whole)).toBe(true);
      expect(await readdir(folder)).toEqual(["x"]);
    },
  );

  it("parquet: a file of two runs holds every message once, in row groups that readers accept", async () => {
    server = await startPages(stream);
    stream.holdFrom = 5;
    await killedAt(5, "parquet");
    delete stream.holdFrom;
    expect((await exported("parquet")).code).toBe(0);
    const { rows, groups, facts } = await readParquet(file);
    expect(groups.length).toBeGreaterThan(2);
    expect(rows.map(({ message }) => message)).toEqual(jsonPages.flat());
    expect(rows.every(({ position }, i) => position === BigInt(i))).toBe(true);
    expect(facts).toMatchObject({ "durable-streams.incarnation": INCARNATION });
  });

  it("before its first save it begins again", async () => {
    server = await startPages(stream);
    stream.holdFrom = 1;
    await killedAt(1, "raw");
    delete stream.holdFrom;
    expect(await exported("raw")).toMatchObject({ code: 0, resumedAtRow: 0 });
    expect((await readFile(file, "utf8")) === `[${jsonPages.flat().join(",")}]`).toBe(true);
  });

  it("a stream that grew in between is exported to where it ended at the first run", async () => {
    server = await startPages(stream);
    stream.tail = 6000 * 5;
    stream.holdFrom = 3;
    await killedAt(3, "ndjson");
    delete stream.holdFrom;
    delete stream.tail;
    expect((await exported("ndjson")).code).toBe(0);
    expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(6000 * 5);
  });
});

/** The page that an export has to read first when it goes on. */
function pageOf({ pages }: ServedStream, journal: ExportProgress | undefined): number {
  let position = 0;
  return pages.findIndex((page) => (position += page.length) > (journal?.read.offsetPosition ?? 0));
}

describe("inspect export that ends early", () => {
  it("SIGTERM: saves all it has written, says nothing is finished, and goes on", async () => {
    server = await startPages(stream);
    stream.holdFrom = 1;
    const code = await killedAt(1, "ndjson", "SIGTERM", (stderr) => {
      expect(stderr).toMatch(/^6,000 rows, .* in \S+\/x\.part: the same command goes on from there\.\n$/);
    });
    expect(code).toBe(143);
    expect((await readdir(folder)).sort()).toEqual(["x.export", "x.part"]);
    delete stream.holdFrom;
    expect(await exported("ndjson")).toMatchObject({ code: 0, resumedAtRow: 6000 });
    expect(
      (await readFile(file, "utf8")) ===
        jsonPages
          .flat()
          .map((message) => `${message}\n`)
          .join(""),
    ).toBe(true);
  });

  it("a server that fails: exit code 7, and what was read is kept", async () => {
    server = await startPages(stream);
    stream.failFrom = 1;
    const failed = await exported("ndjson");
    expect(failed.code).toBe(7);
    expect(failed.stderr).toMatch(/^6,000 rows, [\d.]+ MB, in \S+\/x\.part: the same command goes on from there\.$/m);
    expect((await readdir(folder)).sort()).toEqual(["x.export", "x.part"]);
    // Before the server answers again, nothing is gone on with.
    stream.failFrom = 0;
    const still = await exported("ndjson");
    expect(still.code).toBe(7);
    expect(still.stderr).toContain("the same command goes on from there");
    expect(still.stderr).not.toContain("Going on");
    delete stream.failFrom;
    const done = await exported("ndjson");
    expect(done).toMatchObject({ code: 0, resumedAtRow: 6000 });
    expect(done.stderr).toContain("Going on after 6,000 rows, ");
  });

  it("two at once: the second is FILE_IN_USE, with exit code 5", async () => {
    server = await startPages(stream);
    stream.holdFrom = 1;
    const child = startCli(args("raw"));
    const closed = once(child, "close");
    await server.asked(1);
    const second = await exported("raw");
    expect(second.code).toBe(5);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: "FILE_IN_USE" } });
    child.kill("SIGKILL");
    await closed;
  });
});

describe("what an export may go on with", () => {
  const messages = ["1", "2", "3", "4", "5"];

  /** An export that was ended when it had asked for this page. */
  async function begun(page = 1): Promise<void> {
    stream.pages = [messages.slice(0, 2), messages.slice(2, 4), messages.slice(4)];
    server = await startPages(stream);
    stream.holdFrom = page;
    expect(await killedAt(page, "ndjson", "SIGTERM")).toBe(143);
    delete stream.holdFrom;
  }
  const error = async (to: string, ...more: readonly string[]): Promise<unknown> => {
    const { code, stdout } = await exported(to, ...more);
    return { code, error: (JSON.parse(stdout) as { error: { code: string } }).error.code };
  };

  it("a stream that was deleted and created again is STREAM_REPLACED, with exit code 5; --force starts over", async () => {
    await begun();
    stream.incarnation = INCARNATION.replaceAll("1", "9");
    const before = await readFile(`${file}.part`);
    expect(await error("ndjson")).toEqual({ code: 5, error: "STREAM_REPLACED" });
    expect((await readFile(`${file}.part`)).equals(before)).toBe(true);
    expect(await exported("ndjson", "--force")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).toBe("1\n2\n3\n4\n5\n");
    expect(await readdir(folder)).toEqual(["x"]);
  });

  it.each([1, 2])("a stream that is shorter now than page %i is STREAM_REPLACED too", async (page) => {
    await begun(page);
    stream.pages = [["1"]];
    expect(await error("ndjson")).toEqual({ code: 5, error: "STREAM_REPLACED" });
  });

  it("another form or another stream is OTHER_EXPORT, with exit code 5; --force starts over", async () => {
    await begun();
    expect(await error("raw")).toEqual({ code: 5, error: "OTHER_EXPORT" });
    const other = args("ndjson", "--json").map((word) => (word === "s" ? "s2" : word));
    expect((await runCli(other)).code).toBe(5);
    expect(await exported("raw", "--force")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).toBe("[1,2,3,4,5]");
  });

  it.each([
    ["a damaged journal", () => truncate(`${file}.export`, 60)],
    [
      "a link in the place of the part file",
      async () => {
        await rename(`${file}.part`, join(folder, "elsewhere"));
        await symlink(join(folder, "elsewhere"), `${file}.part`);
      },
    ],
    ["a part file that is too short", () => truncate(`${file}.part`, 3)],
    ["no part file", () => rm(`${file}.part`)],
  ])("%s is BAD_EXPORT, with exit code 1; --force starts over", async (_what, damage) => {
    await begun();
    await damage();
    expect(await error("ndjson")).toEqual({ code: 1, error: "BAD_EXPORT" });
    const elsewhere = await readFile(join(folder, "elsewhere"), "utf8").catch(() => undefined);
    expect(await exported("ndjson", "--force")).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, "elsewhere"), "utf8").catch(() => undefined)).toBe(elsewhere);
  });

  it("a file that somebody has put there meanwhile is not replaced", async () => {
    await begun();
    await writeFile(file, "mine");
    expect(await error("ndjson")).toEqual({ code: 2, error: "USAGE" });
    expect(await readFile(file, "utf8")).toBe("mine");
  });

  it("a file that appears while the export runs is not replaced; once it is out of the way, the export gets its name", async () => {
    stream.pages = [["1", "2"], ["3"]];
    server = await startPages(stream);
    stream.failFrom = 1;
    const child = startCli(args("ndjson"));
    const closed = once(child, "close");
    await server.asked(1);
    await writeFile(file, "mine");
    // The failure is asked again.
    delete stream.failFrom;
    expect(await closed).toEqual([2, null]);
    expect(await readFile(file, "utf8")).toBe("mine");
    expect(await error("ndjson")).toEqual({ code: 2, error: "USAGE" });
    await rm(file);
    expect(await exported("ndjson")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).toBe("1\n2\n3\n");
  });

  it.each([
    ["before it got its name", async () => rename(file, `${file}.part`)],
    ["between its name and the removal of the part file", async () => link(file, `${file}.part`)],
    ["before the removal of its journal", async () => undefined],
  ])("an export that was killed when it was whole, %s, is finished without the server", async (_when, undo) => {
    await begun();
    const journal = await readExportJournal(`${file}.export`);
    await exported("ndjson");
    const whole = await readFile(file);
    if (journal === undefined) throw new Error("there was no journal");
    await writeExportJournal(`${file}.export`, { ...journal, bytes: whole.byteLength, rows: 5, done: true });
    await undo();
    const asked = server?.requests.length;
    expect(await exported("ndjson")).toMatchObject({ code: 0, resumedAtRow: 5 });
    expect(server?.requests).toHaveLength(asked ?? 0);
    expect((await readFile(file)).equals(whole)).toBe(true);
    expect(await readdir(folder)).toEqual(["x"]);
  });
});

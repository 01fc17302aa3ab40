import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { markDataFolder, openDataFolder } from "../../src/local/data-folder.ts";
import { temporaryFolder } from "./support/folders.ts";

test("a new folder is marked with its format and kept out of version control", async () => {
  const dir = path.join(await temporaryFolder(), "deep", "data");
  await openDataFolder(dir);
  await markDataFolder(dir);
  expect(await readFile(path.join(dir, ".gitignore"), "utf8")).toBe("*\n");
  expect(JSON.parse(await readFile(path.join(dir, "durable-streams.json"), "utf8"))).toEqual({ format: 1 });
});

test("a folder of a later format is refused and left alone", async () => {
  const dir = await temporaryFolder();
  await writeFile(path.join(dir, "durable-streams.json"), '{"format":2}');
  await expect(openDataFolder(dir)).rejects.toThrow(
    `The data in ${dir} have format 2 and this program knows format 1. Use a newer durable-streams, or choose another folder with --persist.`,
  );
});

test("somebody's project folder is refused and gets no file", async () => {
  const dir = await temporaryFolder();
  await writeFile(path.join(dir, "package.json"), "{}");
  await expect(openDataFolder(dir)).rejects.toThrow(`${dir} holds other files (such as "package.json")`);
});

test("what a start leaves that was killed before it marked the folder does not stand in the way", async () => {
  const dir = await temporaryFolder();
  for (const name of ["server.lock", ".gitignore", "durable-streams.json.new"])
    await writeFile(path.join(dir, name), "");
  await openDataFolder(dir);
});

test("a file in the folder's place is named as the trouble", async () => {
  const dir = path.join(await temporaryFolder(), "data");
  await writeFile(dir, "");
  await expect(openDataFolder(dir)).rejects.toThrow(`${dir} is no folder, and the data need one.`);
});

test("the marker is written once", async () => {
  const dir = await temporaryFolder();
  await mkdir(dir, { recursive: true });
  await markDataFolder(dir);
  await writeFile(path.join(dir, ".gitignore"), "changed");
  await markDataFolder(dir);
  expect(await readFile(path.join(dir, ".gitignore"), "utf8")).toBe("changed");
});

test.runIf(process.platform === "linux")("a place where nothing can be made is refused at once", async () => {
  await expect(openDataFolder("/proc/durable-streams/data")).rejects.toThrow(
    "Cannot use /proc/durable-streams/data as the data folder: nothing can be created in /proc. Choose another with --persist.",
  );
});

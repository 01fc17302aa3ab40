import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";

/**
 * A small tree of its own for a check to look at, gone when the test ends. It sees the packages of the real one.
 * @param files the text of each file by its path
 * @param copies what of the real tree the check needs beside them
 */
export async function plantTree(files: Readonly<Record<string, string>>, copies: readonly string[] = []) {
  const tree = await mkdtemp(join(tmpdir(), "durable-streams-planted-"));
  onTestFinished(() => rm(tree, { recursive: true, force: true }));
  await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
  for (const path of copies) await cp(join(ROOT, path), join(tree, path));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  return tree;
}

// What `init` prints at its end is typed as it stands: it has to start this very program where the reader then stands.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { environment, NODE } from "../support/cli.ts";
import { install, pack } from "../support/packed-package.ts";

let folder: string;
let installed: string;
let clone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-words-"));
  installed = join(folder, "installed");
  clone = join(folder, "clone");
  await mkdir(installed);
  await install(await pack(folder), installed);
  for (const name of ["bin", "dist", "package.json", "oclif.manifest.json"]) {
    await cp(join(ROOT, name), join(clone, name), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(clone, "node_modules"));
  // The Node of somebody who can use the package at all.
  await mkdir(join(folder, "bin"));
  await symlink(NODE, join(folder, "bin", "node"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A line in a terminal that npm has not started, without a registry. */
async function shell(line: string, cwd: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const own = Object.entries(environment()).filter(([name]) => !/^npm_/i.test(name));
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((each) => !each.includes("node_modules"));
  const env = {
    ...Object.fromEntries(own),
    PATH: [join(folder, "bin"), ...folders].join(delimiter),
    npm_config_offline: "true",
    npm_config_cache: join(folder, "npm"),
    npm_config_update_notifier: "false",
  };
  const child = spawn("sh", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close") as Promise<[number | null]>;
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

const NPX = "npx durable-streams";
const SCRIPT = `"${NODE}" bin/run.js`;

interface Place {
  readonly from: string;
  /** Given to `init`. */
  readonly dir: string;
  readonly start: string;
}

test.for<[string, () => Place, RegExp]>([
  ["installed", () => ({ from: installed, dir: ".", start: NPX }), /^npx durable-streams$/],
  ["installed, for a folder below", () => ({ from: installed, dir: "a b", start: NPX }), /^npx durable-streams$/],
  ["in a clone", () => ({ from: clone, dir: ".", start: SCRIPT }), /^npx durable-streams$/],
  ["in a clone, for a folder in it", () => ({ from: clone, dir: "own", start: NPX }), /^npx --prefix \.\. durable-/],
  ["in a clone, for a folder elsewhere", () => ({ from: clone, dir: "../other", start: SCRIPT }), /bin\/run\.js$/],
])("%s, init ends with a command that works", async ([, place, expected]) => {
  const { from, dir, start } = place();
  const { code, stderr } = await shell(`${start} init '${dir}' --yes --name shop`, from);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("Next: ") as unknown });
  const [, enter = "", words = ""] = /Next: (cd .+ && )?(.+) deploy\n$/.exec(stderr) ?? [];
  expect(words).toMatch(expected);
  const version = await shell(`${enter}${words} --version`, from);
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^durable-streams\/\d/) as unknown });
});

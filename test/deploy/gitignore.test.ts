import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { missingFromGitignore } from "../../src/cli/deploy/scaffold.ts";

it.for([
  ["node_modules/\n", [".durable-streams/", ".dev.vars*", ".env*"]],
  ["/.durable-streams\r\n.env\r\n", [".dev.vars*"]],
  [".durable-streams/\n.dev.vars*\n.env*\n", []],
  ["!.env\n#.durable-streams/\n.dev.vars", [".durable-streams/", ".env*"]],
] as const)("of a .gitignore %j the lines that keep secrets out of git and lack are %j", async ([text, missing]) => {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-ignore-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, ".gitignore"), text);
  expect(await missingFromGitignore(folder)).toEqual(missing);
});

// Whether the tag that a workflow runs for may be published. It takes tag and repository from GitHub's variables, and
// needs nothing installed: what is wrong is known before anything is built.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./lib/process.mjs";
import { releaseProblems } from "./lib/release.mjs";

const problems = releaseProblems({
  tag: process.env["GITHUB_REF_NAME"],
  repository: process.env["GITHUB_REPOSITORY"],
  manifest: JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")),
  changelog: await readFile(join(ROOT, "CHANGELOG.md"), "utf8"),
});
process.stdout.write(problems.map((problem) => `${problem}\n`).join(""));
process.exitCode = problems.length > 0 ? 1 : 0;

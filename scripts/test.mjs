// `npm test`: the build, every check and every Vitest project. It says what ran and how many, and its last line is
// `N passed, N failed`: each check counts as one, and so does whatever keeps tests from running.
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { excludedTests } from "../test/conformance/scope.ts";
import { allChecks, build } from "./lib/checks.mjs";
import { ROOT, run } from "./lib/process.mjs";
import { anyFailed, closingLine, resultLine } from "./lib/report.mjs";
import { leakedSecrets } from "./lib/leaked-secrets.mjs";
import { countTests, filesNotRun } from "./lib/vitest-report.mjs";

/** The projects of vitest.config.ts; `built` ones start the built package. Only the official suite may skip tests. */
const PROJECTS = [
  { name: "unit", built: false, excluded: 0 },
  { name: "worker", built: false, excluded: 0 },
  { name: "sealing", built: false, excluded: 0 },
  { name: "forks", built: false, excluded: 0 },
  { name: "e2e", built: true, excluded: 0 },
  { name: "deploy", built: true, excluded: 0 },
  { name: "conformance", built: true, excluded: excludedTests() },
  { name: "conformance-sealed", built: true, excluded: excludedTests() },
  { name: "conformance-auth", built: true, excluded: excludedTests() },
];

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/**
 * @param {typeof PROJECTS[number]} project
 * @param {string} folder  where Vitest leaves its report
 */
async function testProject({ name, excluded }, folder) {
  say(`\n# vitest: ${name}`);
  const file = join(folder, `${name}.json`);
  const { code, ms, output } = await run(
    `vitest run --project ${name} --reporter=default --reporter=json --outputFile.json="${file}"`,
    { show: true },
  );
  /** @type {import("./lib/vitest-report.mjs").Report | undefined} */
  const report = await readFile(file, "utf8").then(JSON.parse, () => undefined);
  return { result: { name, ms, ...countTests(report, code, excluded) }, report, output };
}

/** @param {readonly import("./lib/vitest-report.mjs").Report[]} reports */
async function forgottenFiles(reports) {
  const onDisk = [];
  for await (const file of glob("test/**/*.test.*", { cwd: ROOT })) onDisk.push(join(ROOT, file));
  const notes = filesNotRun(onDisk, reports).map((file) => `no project ran ${file}`);
  return notes.length === 0 ? [] : [{ name: "test files", passed: 0, failed: notes.length, ms: 0, notes }];
}

/** @param {string} folder */
async function everything(folder) {
  say("# checks");
  const built = await build();
  /** @type {import("./lib/report.mjs").Result[]} */
  const results = [built, ...(await allChecks())];
  const reports = [];
  /** @type {string[]} */
  const printed = [];
  for (const project of PROJECTS) {
    if (project.built && built.failed > 0) {
      results.push({ name: project.name, passed: 0, failed: 1, ms: 0, notes: ["not run: the build failed"] });
      continue;
    }
    const { result, report, output } = await testProject(project, folder);
    results.push(result);
    printed.push(output);
    if (report !== undefined) reports.push(report);
  }
  if (reports.length === PROJECTS.length) results.push(...(await forgottenFiles(reports)));
  results.push(await secretsInSight(printed));
  return results;
}

/**
 * Nothing that the tests printed, and nothing of what is shipped, shows a secret of a project or an operator. Every test
 * makes its own, so that one that is shown anywhere is a leak.
 * @param {readonly string[]} printed
 */
async function secretsInSight(printed) {
  const texts = [...printed];
  for await (const file of glob("dist/**/*.{js,json,map,txt}", { cwd: ROOT })) {
    texts.push(await readFile(join(ROOT, file), "utf8"));
  }
  const found = texts.reduce((sum, text) => sum + leakedSecrets(text), 0);
  const notes = found === 0 ? [] : [`${found} secrets stand in the output of the tests or in the package`];
  return { name: "no secret shown", passed: found === 0 ? 1 : 0, failed: found, ms: 0, notes };
}

/** @type {readonly import("./lib/report.mjs").Result[]} */
let results;
const folder = await mkdtemp(join(tmpdir(), "durable-streams-test-"));
try {
  results = await everything(folder);
} catch (error) {
  results = [{ name: "scripts/test.mjs", passed: 0, failed: 1, ms: 0, notes: [String(error)] }];
} finally {
  await rm(folder, { recursive: true, force: true });
}
say(`\n# what ran\n${results.map(resultLine).join("\n")}\n\n${closingLine(results)}`);
process.exitCode = anyFailed(results) ? 1 : 0;

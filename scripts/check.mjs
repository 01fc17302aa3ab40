// `npm run check`: the build and every check, one line each; what a failed one has to say follows its line.
import { allChecks, build } from "./lib/checks.mjs";
import { anyFailed, closingLine } from "./lib/report.mjs";

const results = [await build(), ...(await allChecks())];
process.stdout.write(`\n${closingLine(results)}\n`);
process.exitCode = anyFailed(results) ? 1 : 0;

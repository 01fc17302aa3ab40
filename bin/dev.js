#!/usr/bin/env node
// For contributors: builds from source, then runs what bin/run.js would run.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/build.mjs", import.meta.url))], {
  stdio: ["ignore", 2, 2],
});
await import("./run.js");

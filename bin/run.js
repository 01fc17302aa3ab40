#!/usr/bin/env node
// The entry point that npm links as `durable-streams`. Everything up to the dynamic import has to run on any Node that
// knows modules at all, so that a version that is too old is refused in one sentence instead of a syntax error.
import module from "node:module";

var OLDEST = [22, 12];

var version = process.versions.node.split(".").map(Number);
if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
  process.stderr.write(
    "durable-streams needs Node " +
      OLDEST.join(".") +
      " or newer, and this is Node " +
      process.versions.node +
      ": install it from https://nodejs.org, or use `npx -p node@24 durable-streams`.\n",
  );
  process.exit(1);
}

// Compiled code is kept on disk between runs; without a place for it Node simply compiles again.
module.enableCompileCache();

import("../dist/cli/main.js")
  .then(function (cli) {
    return cli.main();
  })
  .catch(function (error) {
    process.stderr.write("Error: durable-streams could not start: " + error.message + "\n");
    if (error.code === "ERR_MODULE_NOT_FOUND") process.stderr.write("In a clone, run `npm run build` first.\n");
    process.exit(1);
  });

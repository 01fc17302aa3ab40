import { expect, test } from "vitest";
import { inParallel, run } from "../../scripts/lib/process.mjs";

test("run: reports the exit code and both outputs, and standard output alone", async () => {
  const { code, output, stdout } = await run(`node -e "console.log('out'); console.error('err'); process.exit(3)"`);
  expect(code).toBe(3);
  expect(output.split("\n").toSorted()).toEqual(["", "err", "out"]);
  expect(stdout).toBe("out\n");
});

test("run: a command that does not exist and a command that is killed have failed", async () => {
  expect((await run("no-such-command-here")).code).not.toBe(0);
  expect((await run("kill -9 $$")).code).not.toBe(0);
});

test("run: commands see the Node of the dev dependency, whatever the system's is", async () => {
  const { stdout } = await run("node -p process.execPath");
  expect(stdout).toContain("node_modules");
});

test("in parallel: never more than the width at a time, and the results in the order of the items", async () => {
  let [running, most] = [0, 0];
  const results = await inParallel([3, 1, 2, 5], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20, 50]);
  expect(most).toBe(2);
});

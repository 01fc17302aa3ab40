import { describe, expect, it } from "vitest";
import { Trace } from "../../src/cli/trace.ts";

function outputOf(isTTY: boolean): { readonly isTTY: boolean; readonly lines: string[]; write(text: string): void } {
  const lines: string[] = [];
  return { isTTY, lines, write: (text) => void lines.push(text) };
}

describe("the trace of requests", () => {
  it("waits while a view has the terminal, and comes in its order when that is left", () => {
    const output = outputOf(true);
    const trace = new Trace(output);
    trace.write("before");
    trace.hold();
    trace.write("during");
    expect(output.lines).toEqual(["before\n"]);
    trace.release();
    trace.write("after");
    expect(output.lines).toEqual(["before\n", "during\n", "after\n"]);
  });

  it("keeps the newest 2,000 lines while it waits, and says how many it does not", () => {
    const output = outputOf(true);
    const trace = new Trace(output);
    trace.hold();
    for (let i = 1; i <= 2_345; i++) trace.write(`line ${String(i)}`);
    trace.release();
    const [note, first] = output.lines;
    expect(note).toMatch(/^345 lines of the trace from before these are lost: 2000 are kept /);
    expect(first).toBe("line 346\n");
    expect(output.lines.at(-1)).toBe("line 2345\n");
    // What was said once is not said again of the next view.
    trace.hold();
    trace.write("more");
    trace.release();
    expect(output.lines.slice(2_001)).toEqual(["more\n"]);
  });

  it("waits for nobody where it does not go to a terminal", () => {
    const output = outputOf(false);
    const trace = new Trace(output);
    trace.hold();
    trace.write("at once");
    expect(output.lines).toEqual(["at once\n"]);
  });
});

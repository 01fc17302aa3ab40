import { describe, expect, test } from "vitest";
import { runsOf, terminalSvg } from "../../scripts/lib/terminal-svg.mjs";

const SCREEN = { columns: 20, rows: 2, label: "A <terminal>" };

describe("terminal-svg: a row", () => {
  test("is divided where its look changes, each run at its own column", () => {
    expect(runsOf("ab\u001b[1;32mok\u001b[0m \u001b[90mdim")).toEqual([
      { column: 0, text: "ab", classes: ["fg"] },
      { column: 2, text: "ok", classes: ["green", "bold"] },
      { column: 5, text: "dim", classes: ["grey"] },
    ]);
  });

  test("has its wide characters in two cells", () => {
    expect(runsOf("日\u001b[31mx").map(({ column }) => column)).toEqual([0, 2]);
  });

  test("exact colours of the foreground and background take nothing of what follows along", () => {
    expect(runsOf("\u001b[38;2;1;2;3;1ma\u001b[48;5;4;22;33mb")).toEqual([
      { column: 0, text: "a", classes: ["fg", "bold"] },
      { column: 1, text: "b", classes: ["yellow"] },
    ]);
  });

  test("of blanks is drawn only where they are inverse", () => {
    expect(runsOf("  \u001b[7m  \u001b[27m  ")).toEqual([{ column: 2, text: "  ", classes: ["fg", "inverse"] }]);
  });

  test("sequences that are no looks are left out", () => {
    expect(runsOf("a\u001b[2Kb")).toMatchObject([{ text: "a" }, { text: "b", column: 1 }]);
  });
});

describe("terminal-svg: a film", () => {
  const frames = [
    { title: "one", rows: ["same", "<b>&amp;"], holdMs: 300 },
    { title: "two", rows: ["same"], holdMs: 100 },
  ];
  const svg = terminalSvg(frames, SCREEN);

  test("what was shown cannot become markup", () => {
    expect(svg).toContain("&lt;b&gt;&amp;amp;");
    expect(svg).toContain("<title>A &lt;terminal&gt;</title>");
  });

  test("a row that several frames show is drawn once", () => {
    expect(svg.split(">same<")).toHaveLength(2);
    expect(svg.split('href="#r0"')).toHaveLength(3);
  });

  test("each frame is shown for its time, one after the other", () => {
    const [, height] = /viewBox="0 0 \d+ (\d+)"/.exec(svg) ?? [];
    expect(svg).toContain("animation:film 0.40s step-end infinite");
    expect(svg).toContain(
      `@keyframes film{0.000%{transform:translateY(0px)}75.000%{transform:translateY(-${String(height)}px)}}`,
    );
  });

  test("it follows the reader's theme, and stands still for who wants no motion", () => {
    expect(svg).toContain("@media(prefers-color-scheme:dark)");
    expect(svg).toMatch(/@media\(prefers-reduced-motion:reduce\)\{\.film\{animation:none/);
  });

  test("one frame is a picture", () => {
    expect(terminalSvg(frames.slice(0, 1), SCREEN)).not.toContain("animation");
  });
});

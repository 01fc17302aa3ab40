// A screen that ink draws, and the keys of a terminal in front of it.
import { stripVTControlCharacters } from "node:util";
import { render } from "ink-testing-library";
import { expect, onTestFinished, vi } from "vitest";
import type { Scene, Screen } from "../../../src/screen/scene.ts";
import { ScreenView } from "../../../src/screen/screen-view.tsx";
import { Stage } from "../../../src/screen/stage.ts";

export interface Shown {
  /** What is on the screen now. */
  readonly frame: () => string;
  /** Looks until the screen shows this. */
  readonly shows: (text: string | RegExp) => Promise<void>;
  /** What a terminal sends. */
  readonly press: (bytes: string) => void;
}

/** Draws a screen until the test is over. */
export function showScreen(screen: Screen): Shown {
  const view = render(<ScreenView screen={screen} hasColours={false} />);
  onTestFinished(() => {
    view.unmount();
  });
  const frame = (): string => stripVTControlCharacters(view.lastFrame() ?? "");
  return {
    frame,
    shows: (text) =>
      vi.waitFor(
        () => {
          expect(frame()).toMatch(text);
        },
        { timeout: 20_000 },
      ),
    press: (bytes) => {
      view.stdin.write(bytes);
    },
  };
}

/** A scene on a stage of 80 columns, closed when the test is over. */
export function showScene(scene: Scene, rows: number): Shown & { readonly stage: Stage } {
  const stage = new Stage(() => [{ type: "resized", columns: 80, rows }]);
  stage.open(scene);
  const shown = showScreen(stage);
  onTestFinished(() => {
    stage.close();
  });
  return { stage, ...shown };
}

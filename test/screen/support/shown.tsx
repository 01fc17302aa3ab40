// A screen that ink draws, and the keys of a terminal in front of it.
import { stripVTControlCharacters } from "node:util";
import { render } from "ink-testing-library";
import { expect, onTestFinished, vi } from "vitest";
import type { Scene, Screen } from "../../../src/screen/scene.ts";
import { ScreenView } from "../../../src/screen/screen-view.tsx";
import { Stage } from "../../../src/screen/stage.ts";

/** As long as a machine that is busy with something else may take; a test that passes waits for none of it. */
const PATIENCE_MS = 20_000;

/** Looks again and again until it is so: of what follows a key by itself. */
export function eventually(look: () => void): Promise<void> {
  return vi.waitFor(look, { timeout: PATIENCE_MS });
}

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
      eventually(() => {
        expect(frame()).toMatch(text);
      }),
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

import type { Press } from "./press.ts";
import type { Notice, Scene, Screen, ScreenEvent, Stagehand } from "./scene.ts";
import type { Row } from "./text/segment.ts";

/** Scenes on top of each other: the last one is shown and hears the keys, and the others wait for it to close. */
export class Stage implements Screen {
  /** Settled when the view is left; rejected when its first scene cannot go on. */
  readonly end: Promise<void>;
  interrupted = false;
  readonly #scenes: { readonly scene: Scene; readonly unsubscribe: () => void }[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #initial: () => readonly ScreenEvent[];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  /** `initial` is what a scene is told when it opens: the terminal's size, and the time. */
  constructor(initial: () => readonly ScreenEvent[]) {
    this.#initial = initial;
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.end = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  readonly getState = (): unknown => this.#top?.screen.getState();

  readonly rows = (): readonly Row[] => this.#top?.screen.rows() ?? [];

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  press(press: Press): void {
    this.#top?.screen.press(press);
  }

  /** What happens to the terminal every scene is told: it may be shown again. */
  dispatch(event: ScreenEvent): void {
    for (const { scene } of this.#scenes) scene.screen.dispatch(event);
  }

  open(scene: Scene): void {
    const unsubscribe = scene.screen.subscribe(() => {
      if (this.#top === scene) this.#tell();
    });
    this.#scenes.push({ scene, unsubscribe });
    for (const event of this.#initial()) scene.screen.dispatch(event);
    scene.start(this.#stagehandOf(scene));
    this.#tell();
  }

  leave(): void {
    this.#settle.resolve();
  }

  /** Closes all scenes. What the one that was shown has to say for the terminal that stays is handed back. */
  close(): string | undefined {
    const farewell = this.#top?.farewell();
    while (this.#scenes.length > 0) this.#pop();
    return farewell;
  }

  get #top(): Scene | undefined {
    return this.#scenes.at(-1)?.scene;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #pop(): void {
    const last = this.#scenes.pop();
    last?.unsubscribe();
    last?.scene.stop();
  }

  #backFrom(scene: Scene, notice?: Notice): void {
    // One that has closed already has nothing to say.
    if (!this.#scenes.some((each) => each.scene === scene)) return;
    while (this.#top !== scene) this.#pop();
    if (this.#scenes.length === 1) {
      this.leave();
      return;
    }
    this.#pop();
    this.#top.resumed(notice);
    this.#tell();
  }

  #stagehandOf(scene: Scene): Stagehand {
    return {
      leave: (interrupted) => {
        this.interrupted = interrupted;
        this.leave();
      },
      back: () => {
        this.#backFrom(scene);
      },
      open: (next) => {
        if (this.#top === scene) this.open(next);
      },
      fail: (error, why) => {
        if (this.#scenes[0]?.scene === scene) this.#settle.reject(error);
        else this.#backFrom(scene, { text: why, isProblem: true });
      },
    };
  }
}

import { now } from "../screen/now.ts";
import type { Notice, Scene, Stagehand } from "../screen/scene.ts";
import { Store, type Model } from "../screen/store.ts";
import { StoreScene, type Leaving } from "../screen/store-scene.ts";
import type { Browsing, BrowsingEvent, Refresh } from "./browsing.ts";

/** What went wrong, as a sentence for the screen. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isRefresh(effect: { readonly type: string }): effect is Refresh {
  return effect.type === "refresh";
}

/** A scene to browse that is kept up to date while it is looked at, and that opens others, one at a time. */
export abstract class WatchedScene<
  State extends Browsing,
  Event,
  Own extends { readonly type: string },
> extends StoreScene<Store<State, Event | BrowsingEvent, Own | Refresh | Leaving>, Own | Refresh> {
  readonly #ended = new AbortController();
  /** Another scene is in front of this one: nobody looks, and nothing is asked. */
  #isCovered = false;
  #isOpening = false;
  /** Ends the pause between refreshes. */
  #endPause: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(model: Omit<Model<State, Event | BrowsingEvent, Own | Refresh | Leaving>, "isTyping">) {
    const whole: Model<State, Event | BrowsingEvent, Own | Refresh | Leaving> = {
      ...model,
      isTyping: ({ prompt }) => prompt !== undefined,
    };
    super((onEffect) => new Store(whole, onEffect));
  }

  override start(stagehand: Stagehand): void {
    super.start(stagehand);
    const changed = (): void => {
      if (!this.#isCovered) this.fetchShown();
    };
    this.#unsubscribe = this.screen.subscribe(changed);
    changed();
    void this.#watch();
  }

  override stop(): void {
    super.stop();
    this.#unsubscribe();
    this.#ended.abort();
    this.#endPause();
  }

  override resumed(notice?: Notice): void {
    if (notice !== undefined) this.screen.dispatch({ type: "told", notice });
    this.#isCovered = false;
    this.#endPause();
  }

  /** Asks the server for all that may have changed. What it throws is shown. */
  protected abstract refresh(): Promise<void>;

  /** How long to leave the server alone after a refresh that took so long, in milliseconds. */
  protected abstract pauseMs(tookMs: number): number;

  /** Fetches what has come onto the screen and is not there yet. It throws nothing. */
  protected abstract fetchShown(): void;

  /** Carries out what only this scene can be asked for. */
  protected abstract act(effect: Own): void;

  /** Aborted when the scene closes. */
  protected get signal(): AbortSignal {
    return this.#ended.signal;
  }

  protected override carryOut(effect: Own | Refresh): void {
    if (isRefresh(effect)) this.#endPause();
    else this.act(effect);
  }

  /** Says that what is shown could not be asked for. */
  protected fail(error: unknown): void {
    if (!this.signal.aborted) this.screen.dispatch({ type: "failed", problem: reasonOf(error) });
  }

  /** Says what a key that was pressed came to, where that is nothing good. */
  protected tell(problem: unknown): void {
    this.screen.dispatch({ type: "told", notice: { text: reasonOf(problem), isProblem: true } });
  }

  /** Opens another scene in front of this one, or says why that cannot be. */
  protected async open(make: () => Promise<Scene>): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      const scene = await make();
      if (this.signal.aborted) return;
      this.#isCovered = true;
      this.stagehand?.open(scene);
    } catch (error) {
      if (!this.signal.aborted) this.tell(error);
    } finally {
      this.#isOpening = false;
    }
  }

  async #watch(): Promise<void> {
    while (!this.signal.aborted) {
      const beganMs = now();
      if (!this.#isCovered) await this.refresh().catch(this.fail.bind(this));
      await this.#pause(this.pauseMs(now() - beganMs));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.signal.aborted) this.#endPause();
    });
  }
}

import type { Scene, Screen, Stagehand } from "./scene.ts";

/** What leads away from any scene. */
export type Leaving = { readonly type: "leave"; readonly interrupted: boolean } | { readonly type: "back" };

function isLeaving(effect: { readonly type: string }): effect is Leaving {
  return effect.type === "leave" || effect.type === "back";
}

/** A scene whose screen asks for effects: it leaves by those that every scene has, and carries out its own. */
export abstract class StoreScene<Held extends Screen, Own extends { readonly type: string }> implements Scene {
  readonly screen: Held;
  /** Only while the scene is open. */
  protected stagehand: Stagehand | undefined;

  /** `hold` makes the screen, which says through `onEffect` what it asks for. */
  constructor(hold: (onEffect: (effect: Own | Leaving) => void) => Held) {
    this.screen = hold((effect) => {
      if (!isLeaving(effect)) this.carryOut(effect);
      else if (effect.type === "back") this.stagehand?.back();
      else this.stagehand?.leave(effect.interrupted);
    });
  }

  start(stagehand: Stagehand): void {
    this.stagehand = stagehand;
  }

  stop(): void {
    this.stagehand = undefined;
  }

  /** For scenes that open no others. */
  resumed(): void {
    return;
  }

  farewell(): string | undefined {
    return undefined;
  }

  protected abstract carryOut(effect: Own): void;
}

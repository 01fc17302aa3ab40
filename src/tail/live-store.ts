import { Store } from "../screen/store.ts";
import type { Effect, ViewEvent } from "./model/event.ts";
import { reduce } from "./model/reduce.ts";
import { initialState, type Named, type Opening, type ViewState } from "./model/state.ts";
import { screenOf } from "./view/screen.ts";

/** Holds the state that the view of messages shows. */
export class LiveStore extends Store<ViewState, ViewEvent, Effect> {
  constructor(streams: readonly Named[], onEffect: (effect: Effect) => void, opening?: Opening) {
    const isTyping = ({ prompt }: ViewState): boolean => prompt !== undefined;
    super({ initial: initialState(streams, opening), reduce, rows: screenOf, isTyping }, onEffect);
  }
}

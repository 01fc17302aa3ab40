import { copyMessage } from "./io/clipboard.ts";
import { saveMessage } from "./io/save-message.ts";
import type { LiveStore } from "./live-store.ts";
import type { Effect } from "./model/event.ts";

/** Carries out what is asked for a message, and tells the view what became of it. */
export function carryOut(effect: Extract<Effect, { readonly type: "copy" | "save" }>, store: LiveStore): void {
  if (effect.type === "copy") {
    const told = copyMessage(effect.message, process.env["TERM"], (sequence) => process.stdout.write(sequence));
    store.dispatch({ type: "told", ...told, keepsPrompt: false });
    return;
  }
  void saveMessage(effect.message, effect.path).then((told) => {
    store.dispatch({ type: "told", ...told, keepsPrompt: told.isProblem });
  });
}

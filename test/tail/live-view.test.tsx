import { render } from "ink-testing-library";
import { afterEach, describe, expect, it, vi } from "vitest";
import { keyAction } from "../../src/tail/keys.ts";
import { LiveStore } from "../../src/tail/live-store.ts";
import { LiveView } from "../../src/tail/live-view.tsx";

let unmount: (() => void) | undefined;

afterEach(() => {
  unmount?.();
});

function show(onLeave = (): void => undefined): {
  store: LiveStore;
  frame: () => string;
  press: (key: string) => void;
} {
  const store = new LiveStore("http://127.0.0.1/s\u001b[2J");
  const view = render(<LiveView store={store} onLeave={onLeave} />);
  ({ unmount } = view);
  return {
    store,
    frame: () => view.lastFrame() ?? "",
    press: (key) => {
      view.stdin.write(key);
    },
  };
}

describe("the live view", () => {
  it("shows messages, offset, rate and the state of the connection", async () => {
    const { store, frame } = show();
    store.dispatch({ type: "connection", connection: "live" });
    store.dispatch({
      type: "messages",
      texts: [`{"id":1}`],
      bytes: 8,
      offset: "0_42",
      upToDate: true,
      closed: false,
      atMs: 0,
    });
    await vi.waitFor(() => {
      expect(frame()).toContain(`{"id":1}`);
    });
    expect(frame()).toContain("live  1 messages  0.2/s  next 0_42");
    expect(frame()).toContain("q leave");
  });

  it("says what is wrong while it waits, and never shows a control sequence of the stream", async () => {
    const { store, frame } = show();
    store.dispatch({ type: "connection", connection: "waiting", problem: "no answer\u001b]0;x\u0007" });
    await vi.waitFor(() => {
      expect(frame()).toContain("waiting");
    });
    expect(frame()).toContain("no answer␛]0;x␇");
    expect(frame()).not.toContain("\u001b[2J");
  });

  it.each(["q", "\u001b", "\u0003"])("key %j leaves", async (key) => {
    const onLeave = vi.fn();
    const { press } = show(onLeave);
    await vi.waitFor(() => {
      press(key);
      expect(onLeave).toHaveBeenCalled();
    });
  });

  it("other keys do nothing", () => {
    expect(keyAction("x", { ctrl: false, escape: false })).toBeUndefined();
    expect(keyAction("c", { ctrl: false, escape: false })).toBeUndefined();
  });
});

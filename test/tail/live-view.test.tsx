import { render } from "ink-testing-library";
import { afterEach, describe, expect, it, vi } from "vitest";
import { keyAction, type KeyAction } from "../../src/tail/keys.ts";
import { LiveStore } from "../../src/tail/live-store.ts";
import { LiveView } from "../../src/tail/live-view.tsx";

let unmount: (() => void) | undefined;

afterEach(() => {
  unmount?.();
});

function show(onLeave: (how: KeyAction) => void = () => undefined): {
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
    expect(frame()).toContain("live  1 message  0.2/s  next 0_42");
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

  it("wraps long messages, and the newest stays in sight when they need more rows than there are", async () => {
    const { store, frame } = show();
    const texts = Array.from({ length: 40 }, (_, i) => `${String(i)}:${"x".repeat(230)}:end${String(i)}`);
    store.dispatch({ type: "messages", texts, bytes: 0, offset: "1", upToDate: true, closed: false, atMs: 0 });
    await vi.waitFor(() => {
      expect(frame()).toContain(":end39");
    });
    expect(frame()).toContain("39:xxx");
    expect(frame()).not.toContain("…");
    expect(frame()).not.toContain(":end0");
    expect(frame()).toContain("40 messages");
    expect(frame()).toContain("q leave");
  });

  it("says that it waits while the stream is idle, and no longer once a message is there", async () => {
    const { store, frame } = show();
    expect(frame()).toContain("waiting for messages");
    store.dispatch({ type: "messages", texts: ["a"], bytes: 1, offset: "1", upToDate: true, closed: false, atMs: 0 });
    await vi.waitFor(() => {
      expect(frame()).not.toContain("waiting for messages");
    });
  });

  it.each([
    ["q", "leave"],
    ["\u001b", "leave"],
    ["\u0003", "interrupt"],
  ])("key %j ends it: %s", async (key, how) => {
    const onLeave = vi.fn();
    const { press } = show(onLeave);
    await vi.waitFor(() => {
      press(key);
      expect(onLeave).toHaveBeenCalledWith(how);
    });
  });

  it("other keys do nothing", () => {
    expect(keyAction("x", { ctrl: false, escape: false })).toBeUndefined();
    expect(keyAction("c", { ctrl: false, escape: false })).toBeUndefined();
  });
});

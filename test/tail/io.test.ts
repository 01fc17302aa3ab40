import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copyMessage } from "../../src/tail/io/clipboard.ts";
import { Frames } from "../../src/tail/io/frames.ts";
import { saveMessage } from "../../src/tail/io/save-message.ts";
import { arrivalOf, MESSAGE_KEPT_MAX_BYTES, type Message } from "../../src/tail/model/message.ts";
import { batch } from "./support/view.ts";

function message(data: string | Uint8Array): Message {
  return { ...arrivalOf("binary", Buffer.from(data), undefined), number: 0, stream: 0, atMs: 0 };
}

describe("copying a message", () => {
  it("asks the terminal by OSC 52, with the data as base64", () => {
    const written: string[] = [];
    const told = copyMessage(message("a\u0007\u001b"), "xterm-256color", (sequence) => written.push(sequence));
    expect(written).toEqual(["\u001b]52;c;YQcb\u0007"]);
    expect(told).toEqual({ text: "Copied 3 B, if the terminal allows it.", isProblem: false });
  });

  it.each([
    ["linux", 1],
    ["dumb", 1],
    [undefined, 1],
    ["xterm", 80_000],
  ])("writes nothing to a terminal %s for %i bytes, and says what can be done", (term, size) => {
    const written: string[] = [];
    const told = copyMessage(message(new Uint8Array(size)), term, (sequence) => written.push(sequence));
    expect(written).toEqual([]);
    expect(told).toMatchObject({ isProblem: true, text: expect.stringContaining("w saves to a file") as string });
  });
});

describe("saving a message", () => {
  it("writes its very bytes to a new file, and leaves one that is there as it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-save-"));
    try {
      const [file, other] = [join(folder, "a.bin"), join(folder, "b.bin")];
      await writeFile(other, "mine");
      const bytes = Uint8Array.of(0, 255, 10);
      expect(await saveMessage(message(bytes), file)).toEqual({ text: `Saved 3 B to ${file}.`, isProblem: false });
      expect(new Uint8Array(await readFile(file))).toEqual(bytes);
      expect(await saveMessage(message(bytes), other)).toMatchObject({ isProblem: true });
      expect(await readFile(other, "utf8")).toBe("mine");
      expect(await saveMessage(message(bytes), join(folder, "none", "c"))).toMatchObject({ isProblem: true });
      const cut = await saveMessage(message(new Uint8Array(MESSAGE_KEPT_MAX_BYTES + 1)), join(folder, "d"));
      expect(cut.text).toContain("the view keeps no more");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("frames", () => {
  it("gather what arrives and hand it on in order; who brings too much waits for the frame", async () => {
    const frames: (readonly unknown[])[] = [];
    const gatherer = new Frames((batches) => frames.push(batches));
    const [small, large] = [batch(["1"]), batch(Array.from({ length: 5_000 }, () => "2"))];
    await gatherer.add(small);
    expect(frames).toEqual([]);
    const waited = gatherer.add(large);
    expect(frames).toEqual([]);
    await waited;
    expect(frames).toEqual([[small, large]]);
    gatherer.flush();
    expect(frames).toHaveLength(1);
  });
});

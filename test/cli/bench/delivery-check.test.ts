import { describe, expect, it } from "vitest";
import { DeliveryCheck } from "../../../src/cli/bench/delivery-check.ts";
import { CHAIN_START, MessageMaker, messageText } from "../../../src/cli/bench/message.ts";
import { SentLedger } from "../../../src/cli/bench/sent-ledger.ts";

const RUN = "0a0b0c0d";
const maker = new MessageMaker(200);

/** The texts of a chain, as a writer sends them. */
function chainOf(length: number, { writer = 0, chain = 0 } = {}): string[] {
  let hash = CHAIN_START;
  return Array.from({ length }, (_, seq) => {
    const message = maker.make({ run: RUN, writer, chain, seq, sentUs: 1_000 * seq }, hash);
    hash = message.hash;
    return messageText(message);
  });
}

function checkOf(ledger: SentLedger, more: { isVerbatim?: boolean; isShared?: boolean } = {}): DeliveryCheck {
  return new DeliveryCheck({ run: RUN, reader: "sse 0", ledger, isVerbatim: true, isShared: false, ...more });
}

/** What is said of a reader that gets these of the ten messages of the only writer. */
function verdict(texts: readonly string[], sent = 10): DeliveryCheck["log"] {
  const ledger = new SentLedger(1);
  ledger.acknowledge(0, 0, sent);
  const check = checkOf(ledger);
  for (const text of texts) check.accept(text);
  check.finish();
  return check.log;
}

const ten = chainOf(10);
const none = { missing: 0, duplicate: 0, "out-of-order": 0, damaged: 0 };

describe("the check of what a reader gets", () => {
  it("passes what came once, in order and intact, and messages have the size that was asked for", () => {
    expect(verdict(ten)).toMatchObject({ total: 0, first: undefined });
    expect(new Set(ten.map((text) => text.length))).toEqual(new Set([200]));
  });

  it("names a message that was lost", () => {
    const { counts, first } = verdict(ten.toSpliced(3, 1));
    expect(counts).toEqual({ ...none, missing: 1 });
    expect(first).toMatchObject({ kind: "missing", reader: "sse 0", writer: 0, seq: 3 });
  });

  it("counts the messages of a gap, and those that were lost at the end", () => {
    expect(verdict(ten.toSpliced(3, 4)).counts).toEqual({ ...none, missing: 4 });
    expect(verdict(ten.slice(0, 7))).toMatchObject({ counts: { ...none, missing: 3 }, first: { seq: 7 } });
    expect(verdict([])).toMatchObject({ counts: { ...none, missing: 10 }, first: { seq: 0 } });
  });

  it("names a message that came twice", () => {
    const { counts, first } = verdict(ten.toSpliced(5, 0, ten[2] ?? ""));
    expect(counts).toEqual({ ...none, duplicate: 1 });
    expect(first).toMatchObject({ kind: "duplicate", writer: 0, seq: 2 });
  });

  it("tells a message that came late from one that was lost", () => {
    const { counts, first } = verdict(ten.with(4, ten[5] ?? "").with(5, ten[4] ?? ""));
    expect(counts).toEqual({ ...none, "out-of-order": 1 });
    expect(first).toMatchObject({ kind: "out-of-order", seq: 4 });
  });

  it("names a message whose content was changed, and no other", () => {
    const changed = (ten[6] ?? "").replace(/"p":"./, (head) => `${head.slice(0, -1)}!`);
    expect(verdict(ten.with(6, changed))).toMatchObject({
      counts: { ...none, damaged: 1 },
      first: { kind: "damaged", seq: 6 },
    });
  });

  it("finds a message of the right number that belongs to another past", () => {
    const other = chainOf(10).map((text) => text.replace(/"t":\d+/, '"t":77'));
    expect(verdict(ten.with(6, other[6] ?? "")).counts).toEqual({ ...none, damaged: 1 });
  });

  it("takes what is no message for damage, unless others may write too", () => {
    expect(verdict(["no message\u001b[2J", ...ten])).toMatchObject({ counts: { ...none, damaged: 1 } });
    expect(verdict(["no message\u001b[2J", ...ten]).first?.detail).not.toContain("\u001b");
    const check = checkOf(new SentLedger(1), { isShared: true });
    check.accept('{"somebody":"else"}');
    expect({ violations: check.log.total, foreign: check.foreign }).toEqual({ violations: 0, foreign: 1 });
  });

  it("lets a JSON stream write a message in another way, and no other stream", () => {
    const spaced = ten.map((text) => JSON.stringify(JSON.parse(text), null, 1));
    const check = checkOf(new SentLedger(1), { isVerbatim: false });
    for (const text of spaced) check.accept(text);
    expect(check.log.total).toBe(0);
    expect(verdict(spaced).counts).toEqual({ ...none, damaged: 10 });
  });

  it("keeps writers apart: their messages may come in any mixture", () => {
    const ledger = new SentLedger(2);
    const check = checkOf(ledger);
    const other = chainOf(10, { writer: 1 });
    for (const [index, text] of ten.entries()) for (const each of [other[index] ?? "", text]) check.accept(each);
    check.finish();
    expect({ violations: check.log.total, messages: check.messages }).toEqual({ violations: 0, messages: 20 });
  });

  it("refuses messages of writers that there are not", () => {
    expect(verdict([...ten, ...chainOf(1, { writer: 7 })]).counts).toEqual({ ...none, damaged: 1 });
  });
});

describe("after an append of which nobody knows what became", () => {
  const sent = (): SentLedger => {
    const ledger = new SentLedger(1);
    ledger.acknowledge(0, 0, 5);
    ledger.acknowledge(0, ledger.nextChain(0), 2);
    return ledger;
  };
  const next = chainOf(2, { chain: 1 });
  const judge = (texts: readonly string[]): DeliveryCheck => {
    const check = checkOf(sent());
    for (const text of texts) check.accept(text);
    check.finish();
    return check;
  };

  it("its messages may come, or not, or late", () => {
    expect(judge([...ten.slice(0, 5), ...next]).log.total).toBe(0);
    expect(judge([...ten.slice(0, 6), ...next]).log.total).toBe(0);
    expect(judge([...ten.slice(0, 5), ...next, ten[5] ?? ""]).log.total).toBe(0);
  });

  it("its messages still come once", () => {
    expect(judge([...ten.slice(0, 6), ...next, ten[5] ?? ""]).log.counts).toEqual({ ...none, duplicate: 1 });
  });

  it("what was acknowledged before has to be there when the next chain begins", () => {
    expect(judge([...ten.slice(0, 3), ...next]).log).toMatchObject({
      counts: { ...none, missing: 2 },
      first: { chain: 0, seq: 3 },
    });
    expect(judge([...ten.slice(0, 4), ...next, ten[4] ?? ""]).log.counts).toEqual({ ...none, "out-of-order": 1 });
  });

  it("behind: only acknowledged messages are waited for", () => {
    const check = checkOf(sent());
    expect(check.behind()).toBe(7);
    for (const text of ten.slice(0, 6)) check.accept(text);
    expect(check.behind()).toBe(2);
    for (const text of next) check.accept(text);
    expect(check.behind()).toBe(0);
  });
});

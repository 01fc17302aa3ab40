import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  forkMismatch,
  inheritedFrom,
  ownStart,
  parseForkOffset,
  parseForkSubOffset,
  resolveFork,
  type ForkOrigin,
  type ForkRequest,
  type ForkSource,
} from "../../src/protocol/fork.ts";
import { FORK_ANCESTORS_MAX } from "../../src/protocol/limits.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import type { Parsed } from "../../src/protocol/result.ts";

const TEN: ForkSource = {
  name: "default/source",
  incarnation: "s",
  contentType: "application/json",
  tail: 10,
  fork: undefined,
};

/** A fork of {@link TEN} at 6 that went on to 9. */
const NINE: ForkSource = {
  ...TEN,
  name: "default/fork",
  incarnation: "f",
  tail: 9,
  fork: {
    source: TEN.name,
    offset: 6,
    subOffset: 0,
    inherited: [{ stream: TEN.name, incarnation: TEN.incarnation, until: 6 }],
  },
};

const request = (source: ForkSource, offset?: number, subOffset = 0): ForkRequest => ({
  source: source.name,
  offset,
  subOffset,
});

function codeOf<T>(result: Parsed<T>): string | undefined {
  return result.ok ? undefined : result.error.code;
}

function valueOf<T>(result: Parsed<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.message}`);
  return result.value;
}

describe("fork: what can be forked (section 4.2)", () => {
  test.each([
    ["the tail when no offset is given", undefined, 0, 10],
    ["the tail by its offset", 10, 0, 10],
    ["the beginning", 0, 0, 0],
    ["a position between", 4, 0, 4],
    ["an offset and some past it", 4, 3, 7],
    ["an offset and all past it", 4, 6, 10],
    ["no offset and a sub-offset of 0", undefined, 0, 10],
  ])("%s: the own messages begin there", (_which, offset, subOffset, start) => {
    const origin = valueOf(resolveFork(TEN, request(TEN, offset, subOffset), undefined));
    expect(ownStart(origin)).toBe(start);
    expect([origin.source, origin.offset, origin.subOffset]).toEqual([TEN.name, offset ?? 10, subOffset]);
  });

  test.each([
    ["an offset past the tail", 11, 0, "FORK_OFFSET_BEYOND_TAIL"],
    ["an offset past the tail, whatever the sub-offset", 11, 5, "FORK_OFFSET_BEYOND_TAIL"],
    ["a sub-offset past the tail", 4, 7, "INVALID_FORK_SUB_OFFSET"],
    ["a sub-offset at the tail", 10, 1, "INVALID_FORK_SUB_OFFSET"],
    ["a sub-offset without an offset", undefined, 1, "INVALID_FORK_SUB_OFFSET"],
  ])("%s is refused, and the sentence names the value", (_which, offset, subOffset, code) => {
    const result = resolveFork(TEN, request(TEN, offset, subOffset), undefined);
    expect(codeOf(result)).toBe(code);
    const named =
      code === "FORK_OFFSET_BEYOND_TAIL" ? formatOffset(11) : `Stream-Fork-Sub-Offset is ${String(subOffset)}`;
    expect(result.ok ? "" : result.error.message).toContain(named);
  });

  test.each(["application/json", "Application/JSON", "application/json; charset=utf-8", undefined])(
    "the content type %j goes with a source of JSON",
    (contentType) => {
      expect(resolveFork(TEN, request(TEN), contentType).ok).toBe(true);
    },
  );

  test("another content type is refused before anything else", () => {
    expect(codeOf(resolveFork(TEN, request(TEN, 99), "text/plain"))).toBe("CONTENT_TYPE_MISMATCH");
  });

  test("as many streams as the limit are inherited from, and one more is refused", () => {
    const inherited = Array.from({ length: FORK_ANCESTORS_MAX - 1 }, (_, i) => ({
      stream: `default/${String(i)}`,
      incarnation: String(i),
      until: i + 1,
    }));
    const fork = { source: "default/0", offset: 0, subOffset: 0, inherited };
    const last: ForkSource = { ...TEN, tail: FORK_ANCESTORS_MAX, fork };
    const origin = valueOf(resolveFork(last, request(last), undefined));
    expect(origin.inherited).toHaveLength(FORK_ANCESTORS_MAX);
    const past: ForkSource = { ...TEN, name: "default/past", tail: FORK_ANCESTORS_MAX + 1, fork: origin };
    expect(codeOf(resolveFork(past, request(past), undefined))).toBe("FORK_TOO_DEEP");
    // Where it holds nothing of its own, or where what it holds is left out, it does not count.
    expect(resolveFork({ ...past, tail: FORK_ANCESTORS_MAX }, request(past), undefined).ok).toBe(true);
    expect(resolveFork(past, request(past, FORK_ANCESTORS_MAX), undefined).ok).toBe(true);
  });
});

describe("fork: what is inherited", () => {
  const stretches = (offset: number, source = NINE) =>
    valueOf(resolveFork(source, request(source, offset), undefined)).inherited.map(({ incarnation, until }) => [
      incarnation,
      until,
    ]);

  test("a fork of a fork inherits from both, each as far as it holds it as its own", () => {
    expect(stretches(9)).toEqual([
      ["s", 6],
      ["f", 9],
    ]);
    expect(stretches(7)).toEqual([
      ["s", 6],
      ["f", 7],
    ]);
  });

  test("a fork at a position that its source inherited has nothing of the source itself", () => {
    expect(stretches(6)).toEqual([["s", 6]]);
    expect(stretches(2)).toEqual([["s", 2]]);
    expect(stretches(0)).toEqual([]);
  });

  test("a stream that holds nothing is left out", () => {
    expect(stretches(6, { ...NINE, tail: 6 })).toEqual([["s", 6]]);
  });

  test("the first own position of a stream that is no fork, or inherits nothing, is 0", () => {
    expect(ownStart(undefined)).toBe(0);
    expect(ownStart({ source: "a", offset: 0, subOffset: 0, inherited: [] })).toBe(0);
    expect(ownStart(NINE.fork)).toBe(6);
  });

  test("from a position on: the stretch that it lies in, and those that follow", () => {
    const origin = valueOf(resolveFork(NINE, request(NINE, 8), undefined));
    const from = (position: number) => inheritedFrom(origin, position).map(({ incarnation }) => incarnation);
    expect([0, 5, 6, 7, 8, 9].map(from)).toEqual([["s", "f"], ["s", "f"], ["f"], ["f"], [], []]);
    expect(inheritedFrom(undefined, 0)).toEqual([]);
  });
});

/** A chain of forks: how much each stream appends, and where the next one forks it, as a share of what it is then. */
const chains = fc.array(fc.record({ appends: fc.nat(6), at: fc.nat(100), sub: fc.nat(100) }), {
  minLength: 1,
  maxLength: 12,
});

type Link = typeof chains extends fc.Arbitrary<(infer L)[]> ? L : never;

/** Forks the chain, next to a model: of every position, the stream that holds it as its own. */
function forkChain(links: readonly Link[]): { origin: ForkOrigin; owners: readonly string[] }[] {
  const forks: { origin: ForkOrigin; owners: readonly string[] }[] = [];
  let source: ForkSource = { ...TEN, tail: 0 };
  let owners: readonly string[] = [];
  for (const [i, { appends, at, sub }] of links.entries()) {
    const name = String(i);
    owners = [...owners, ...Array.from({ length: appends }, () => name)];
    source = { ...source, name, incarnation: name, tail: owners.length };
    const offset = at % (owners.length + 1);
    const subOffset = sub % (owners.length - offset + 1);
    const origin = valueOf(resolveFork(source, request(source, offset, subOffset), undefined));
    owners = owners.slice(0, offset + subOffset);
    forks.push({ origin, owners });
    source = { ...source, fork: origin };
  }
  return forks;
}

describe("fork: chains", () => {
  test("property: stretches follow each other, end at the fork's first own position, and none is empty", () => {
    fc.assert(
      fc.property(chains, (links) => {
        for (const { origin } of forkChain(links)) {
          let start = 0;
          for (const { until } of origin.inherited) {
            expect(until).toBeGreaterThan(start);
            start = until;
          }
          expect(start).toBe(origin.offset + origin.subOffset);
          expect(ownStart(origin)).toBe(start);
        }
      }),
    );
  });

  test("property: every inherited position is asked for of the stream that holds it as its own", () => {
    fc.assert(
      fc.property(chains, (links) => {
        for (const { origin, owners } of forkChain(links)) {
          for (const [position, owner] of owners.entries()) {
            const [first] = inheritedFrom(origin, position);
            expect([first?.stream, first?.incarnation]).toEqual([owner, owner]);
          }
          expect(inheritedFrom(origin, owners.length)).toEqual([]);
        }
      }),
    );
  });
});

describe("fork: its headers", () => {
  test.each([
    [null, undefined],
    [formatOffset(0), 0],
    [formatOffset(17), 17],
  ])("Stream-Fork-Offset %j is %j", (header, position) => {
    expect(valueOf(parseForkOffset(header))).toBe(position);
  });

  test.each([
    "",
    "-1",
    "now",
    "17",
    "0_0",
    `${formatOffset(1)},${formatOffset(1)}`,
    "0000000000000001_0000000000000000",
  ])("Stream-Fork-Offset %j is refused", (header) => {
    const result = parseForkOffset(header);
    expect(codeOf(result)).toBe("INVALID_FORK_OFFSET");
    expect(result.ok ? "" : result.error.message).toContain(JSON.stringify(header));
  });

  test.each([
    [null, 0],
    ["0", 0],
    ["7", 7],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("Stream-Fork-Sub-Offset %j is %j", (header, subOffset) => {
    expect(valueOf(parseForkSubOffset(header))).toBe(subOffset);
  });

  test.each(["", "-1", "+1", "01", "1.0", "1e3", "0x1", " 1", "1,1", "９", "9007199254740993", "99999999999999999"])(
    "Stream-Fork-Sub-Offset %j is refused",
    (header) => {
      const result = parseForkSubOffset(header);
      expect(codeOf(result)).toBe("INVALID_FORK_SUB_OFFSET");
      expect(result.ok ? "" : result.error.message).toContain(JSON.stringify(header));
    },
  );
});

describe("fork: asking again for one that exists", () => {
  const existing: ForkOrigin = { source: "default/source", offset: 4, subOffset: 2, inherited: [] };
  const same: ForkRequest = { source: "default/source", offset: 4, subOffset: 2 };

  test.each([
    ["the same", existing, same],
    ["an offset that is left out", existing, { ...same, offset: undefined }],
    ["no fork, and none wanted", undefined, undefined],
  ])("%s matches", (_which, stream, wanted) => {
    expect(forkMismatch(stream, wanted)).toBeUndefined();
  });

  test.each([
    ["another source", existing, { ...same, source: "default/other" }, "another stream"],
    ["another offset", existing, { ...same, offset: 6 }, formatOffset(6)],
    ["the same end by another offset", existing, { ...same, offset: 6, subOffset: 0 }, formatOffset(6)],
    ["another sub-offset", existing, { ...same, subOffset: 0 }, "sub-offset is 2, not 0"],
    ["a fork, asked for as none", existing, undefined, "it is a fork of"],
    ["no fork, asked for as one", undefined, same, "no fork"],
  ])("%s differs, and the difference is named", (_which, stream, wanted, named) => {
    expect(forkMismatch(stream, wanted)).toContain(named);
  });
});

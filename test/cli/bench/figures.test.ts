import { describe, expect, it } from "vitest";
import { Latencies } from "../../../src/cli/bench/latencies.ts";
import { LineCutter } from "../../../src/cli/bench/line-cutter.ts";
import { liveLine, sparkline } from "../../../src/cli/bench/live-lines.ts";
import { ratiosOf } from "../../../src/cli/bench/ratios.ts";
import { appendTimes, Schedule } from "../../../src/cli/bench/schedule.ts";
import { checkSettings, parseReaders, type LoadSettings } from "../../../src/cli/bench/settings.ts";
import { slicesOf } from "../../../src/cli/bench/slices.ts";
import { Statistics } from "../../../src/cli/bench/statistics.ts";

describe("the schedule", () => {
  it("spreads appends evenly over the time, whoever takes them", () => {
    const schedule = new Schedule(4, 1_000);
    expect(schedule.planned).toBe(4);
    expect([0, 0, 0, 0, 0].map((nowMs) => schedule.take(nowMs))).toEqual([0, 250, 500, 750, undefined]);
  });

  it("without a rate the next append is due at once, until the time is over", () => {
    const schedule = new Schedule(0, 1_000);
    expect([3, 999, 1_000].map((nowMs) => schedule.take(nowMs))).toEqual([3, 999, undefined]);
    expect(schedule.planned).toBeUndefined();
  });

  it("sends nothing after the time, however much is still due", () => {
    expect(new Schedule(100, 1_000).take(1_000)).toBeUndefined();
  });

  it("a server that stalls once is seen to have kept all those waiting that were due meanwhile", () => {
    // 100 appends a second; an answer takes 1 ms, but that of the first takes 500 ms.
    const schedule = new Schedule(100, 1_000);
    const statistics = new Statistics();
    let nowMs = 0;
    for (let dueMs = schedule.take(nowMs); dueMs !== undefined; dueMs = schedule.take(nowMs)) {
      const sentMs = Math.max(nowMs, dueMs);
      nowMs = sentMs + (sentMs === 0 ? 500 : 1);
      statistics.recordAppend(appendTimes(dueMs, sentMs, nowMs), 1, 100);
    }
    expect(statistics.appends).toBe(100);
    const { p50: served, p99: servedMostly, max = 0 } = statistics.service.summary() ?? {};
    expect({ served, servedMostly, max: Math.round(max) }).toEqual({ served: 1, servedMostly: 1, max: 500 });
    const { p50 = 0, p90 = 0 } = statistics.intended.summary() ?? {};
    expect(p50).toBeGreaterThan(40);
    expect(p90).toBeGreaterThan(390);
  });
});

describe("latencies", () => {
  it("have three digits at any percentile, also after two were put together", () => {
    const [odd, even] = [new Latencies(), new Latencies()];
    for (let ms = 1; ms <= 10_000; ms++) (ms % 2 === 0 ? even : odd).recordMs(ms);
    odd.add(even);
    odd.add(new Latencies());
    const summary = odd.summary();
    expect(summary).toMatchObject({ count: 10_000, min: 1 });
    for (const [share, value = 0] of [
      [0.5, summary?.p50],
      [0.9, summary?.p90],
      [0.99, summary?.p99],
      [0.999, summary?.p999],
    ] as const) {
      expect(Math.abs(value / (share * 10_000) - 1)).toBeLessThan(0.002);
    }
  });

  it("are nothing when nothing was measured, and take what is out of their range at its edge", () => {
    const latencies = new Latencies();
    expect(latencies.summary()).toBeUndefined();
    latencies.recordMs(-1);
    latencies.recordMs(1e12);
    expect(latencies.summary()?.count).toBe(2);
  });
});

describe("slices and ratios", () => {
  it("one server has one slice after its warm-up", () => {
    expect(slicesOf(1, 10, 1)).toEqual([
      { server: 0, durationMs: 1_000, isMeasured: false },
      { server: 0, durationMs: 10_000, isMeasured: true },
    ]);
  });

  it("two servers take turns, each round in the other order, and each gets the whole time", () => {
    const slices = slicesOf(2, 4, 0);
    expect(slices.map(({ server }) => server)).toEqual([0, 1, 1, 0, 0, 1, 1, 0]);
    expect(slices.every(({ isMeasured, durationMs }) => isMeasured && durationMs === 1_000)).toBe(true);
    expect(slicesOf(2, 600, 1)).toHaveLength(22);
  });

  it("a ratio is the median of those within a round, so that a slow minute changes nothing", () => {
    const rounds = [1, 1, 50].map((slow) => [{ "append p50": 2 * slow }, { "append p50": 3 * slow }] as const);
    expect(ratiosOf(rounds)).toEqual({ "append p50": { median: 1.5, min: 1.5, max: 1.5, rounds: 3 } });
  });

  it("what only one of them has is not compared", () => {
    expect(ratiosOf([[{ "sse p50": 1 }, {}]])).toEqual({});
  });
});

describe("live lines", () => {
  it("a sparkline goes up to the highest value, and lies flat when there is none", () => {
    expect(sparkline([0, 50, 100])).toBe("▁▅█");
    expect(sparkline([0, 0])).toBe("▁▁");
  });

  it("a line tells rates and latencies of its second", () => {
    const statistics = new Statistics();
    statistics.seconds = 1;
    for (let each = 0; each < 1_200; each++) statistics.recordAppend({ serviceMs: 2, intendedMs: 2 }, 1, 100);
    statistics.recordDelivery("long-poll", 30);
    const rates = [600, 1_200];
    const line = liveLine(7, { server: "B", isWarmup: true }, statistics, rates, 0);
    expect(line.split(/ {2,}/)).toEqual(["", "7s B warm", "1,200", "2.00 ms", "2.00 ms", "1", "30.0 ms", "30.0 ms ▅█"]);
    expect(liveLine(7, { server: "", isWarmup: false }, statistics, rates, 40)).not.toContain("█");
    const many = Array.from({ length: 50 }, () => 1);
    expect(liveLine(7, { server: "", isWarmup: false }, statistics, many, 80)).toHaveLength(80);
  });
});

it("lines are cut wherever the pieces end, and one without end is given up", () => {
  const cutter = new LineCutter(8);
  const pieces = ["one\ntw", "o\n", "", "three\nfour"].map((text) => cutter.push(Buffer.from(text)));
  expect(pieces).toEqual([["one"], ["two"], [], ["three"]]);
  expect(cutter.push(Buffer.from("-and-more"))).toEqual(["four-and-more"]);
});

describe("settings", () => {
  it("readers are numbers by their way of reading", () => {
    expect(parseReaders("sse=10,long-poll=5")).toEqual({ sse: 10, "long-poll": 5 });
    expect(parseReaders("long-poll=1")).toEqual({ sse: 0, "long-poll": 1 });
  });

  it.each(["5", "sse", "sse=-1", "websocket=1", "sse=1,sse=2", "sse=1000,long-poll=1", ""])(
    "readers %j are refused with the way to write them",
    (text) => {
      expect(() => parseReaders(text)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
    },
  );

  it.each<Partial<LoadSettings>>([{ size: 60 }, { size: 1_048_576, batch: 17 }, { durationSeconds: 0 }])(
    "%j cannot be carried out",
    (wrong) => {
      const settings = { rate: 0, size: 256, batch: 1, writers: 1, readers: parseReaders("sse=1"), idempotent: false };
      const whole = { ...settings, durationSeconds: 1, warmupSeconds: 0 };
      expect(() => {
        checkSettings({ ...whole, ...wrong });
      }).toThrow(expect.objectContaining({ code: "USAGE" }));
      expect(() => {
        checkSettings(whole);
      }).not.toThrow();
    },
  );
});

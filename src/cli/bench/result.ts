import type { Latency } from "./latencies.ts";
import type { Load } from "./load.ts";
import { READER_MODES, type LoadSettings, type ReaderMode } from "./settings.ts";
import type { Violation, ViolationCounts, ViolationKind } from "./violations.ts";

interface DeliveryResult {
  readonly readers: number;
  readonly messages: number;
  /** Of all the readers together. */
  readonly messagesPerSecond: number;
  /** From sending an append to the arrival of its messages, in milliseconds. */
  readonly latency?: Latency | undefined;
}

/** What the load on one server came to. Latencies are in milliseconds. */
export interface ServerResult {
  readonly stream: string;
  /** Of writing, without the warm-up. */
  readonly seconds: number;
  readonly appends: {
    readonly count: number;
    readonly perSecond: number;
    readonly messagesPerSecond: number;
    readonly bytesPerSecond: number;
    /** From sending an append to its answer. */
    readonly service?: Latency | undefined;
    /** From the time at which an append was due to its answer; only with a rate. */
    readonly intended?: Latency | undefined;
    /** How many were due and not sent in time; only with a rate. */
    readonly unsent?: number | undefined;
  };
  readonly deliveries: Readonly<Partial<Record<ReaderMode, DeliveryResult>>>;
  /** How often what failed, warm-up included. */
  readonly errors: Readonly<Record<string, number>>;
  readonly verification: Verification;
}

export interface Verification {
  /** No reader got anything but every message once, in order and intact. */
  readonly ok: boolean;
  /** That the readers got, warm-up included. */
  readonly messages: number;
  /** Messages in which something was wrong. */
  readonly violations: ViolationCounts;
  readonly first?: Violation | undefined;
  /** Acknowledged messages that had not come to a reader that was cut off, or when the run was interrupted. */
  readonly unverified: number;
  /** What others wrote to the stream meanwhile. */
  readonly foreign: number;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

const perSecond = (count: number, seconds: number): number => (seconds > 0 ? rounded(count / seconds) : 0);

export function serverResult(stream: string, load: Load, settings: LoadSettings): ServerResult {
  const { total, errors } = load;
  const { appends, messages, bytes, seconds, planned } = total;
  const hasRate = settings.rate > 0;
  const modes = READER_MODES.filter((mode) => settings.readers[mode] > 0);
  return {
    stream,
    seconds: rounded(seconds),
    appends: {
      count: appends,
      perSecond: perSecond(appends, seconds),
      messagesPerSecond: perSecond(messages, seconds),
      bytesPerSecond: perSecond(bytes, seconds),
      service: total.service.summary(),
      ...(hasRate ? { intended: total.intended.summary(), unsent: Math.max(0, planned - appends) } : {}),
    },
    deliveries: Object.fromEntries(
      modes.map((mode) => {
        const { latencies, messages: delivered } = total.deliveries[mode];
        const result: DeliveryResult = {
          readers: settings.readers[mode],
          messages: delivered,
          messagesPerSecond: perSecond(delivered, seconds),
          latency: latencies.summary(),
        };
        return [mode, result];
      }),
    ),
    errors: Object.fromEntries(errors),
    verification: verificationOf(load),
  };
}

function verificationOf({ readers, unverified }: Load): Verification {
  const logs = readers.map(({ check }) => check.log);
  const sum = (kind: ViolationKind): number => logs.reduce((total, { counts }) => total + counts[kind], 0);
  const violations = {
    missing: sum("missing"),
    duplicate: sum("duplicate"),
    "out-of-order": sum("out-of-order"),
    damaged: sum("damaged"),
  };
  return {
    ok: logs.every(({ total }) => total === 0),
    messages: readers.reduce((total, { check }) => total + check.messages, 0),
    violations,
    first: logs.find(({ first }) => first !== undefined)?.first,
    unverified,
    foreign: readers.reduce((most, { check }) => Math.max(most, check.foreign), 0),
  };
}

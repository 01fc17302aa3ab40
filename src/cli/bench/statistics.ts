import { Latencies } from "./latencies.ts";
import type { AppendTimes } from "./schedule.ts";
import { READER_MODES, type ReaderMode } from "./settings.ts";

/** What one way of reading has come to. */
export class DeliveryStatistics {
  readonly latencies = new Latencies();
  messages = 0;

  add(other: DeliveryStatistics): void {
    this.latencies.add(other.latencies);
    this.messages += other.messages;
  }

  reset(): void {
    this.latencies.reset();
    this.messages = 0;
  }
}

/** What is counted and measured in a stretch of time. Its memory does not grow with what is measured. */
export class Statistics {
  readonly service = new Latencies();
  readonly intended = new Latencies();
  readonly deliveries: Readonly<Record<ReaderMode, DeliveryStatistics>> = {
    sse: new DeliveryStatistics(),
    "long-poll": new DeliveryStatistics(),
  };
  appends = 0;
  messages = 0;
  bytes = 0;
  /** Appends that were due. */
  planned = 0;
  seconds = 0;

  recordAppend({ serviceMs, intendedMs }: AppendTimes, messages: number, bytes: number): void {
    this.service.recordMs(serviceMs);
    this.intended.recordMs(intendedMs);
    this.appends++;
    this.messages += messages;
    this.bytes += bytes;
  }

  recordDelivery(mode: ReaderMode, ms: number): void {
    const statistics = this.deliveries[mode];
    statistics.latencies.recordMs(ms);
    statistics.messages++;
  }

  add(other: Statistics): void {
    this.service.add(other.service);
    this.intended.add(other.intended);
    for (const mode of READER_MODES) this.deliveries[mode].add(other.deliveries[mode]);
    this.appends += other.appends;
    this.messages += other.messages;
    this.bytes += other.bytes;
    this.planned += other.planned;
    this.seconds += other.seconds;
  }

  reset(): void {
    this.service.reset();
    this.intended.reset();
    for (const mode of READER_MODES) this.deliveries[mode].reset();
    this.appends = this.messages = this.bytes = this.planned = this.seconds = 0;
  }
}

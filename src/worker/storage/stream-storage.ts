import type { Position } from "../../protocol/offset.ts";
import { ForkRows } from "./fork-rows.ts";
import { HeadRow, type StoredStream } from "./head-row.ts";
import { LinkRows } from "./link-rows.ts";
import { LogRows, type LogEnd } from "./log-rows.ts";
import { ProducerRows } from "./producer-rows.ts";
import { PurgeRows } from "./purge-rows.ts";
import { RegistrationRows } from "./registration-rows.ts";
import { ReleaseRows } from "./release-rows.ts";
import { SegmentRows } from "./segment-rows.ts";
import type { StoredRun } from "./stored-run.ts";
import { Tables } from "./tables.ts";

/** A stream that has ended, with all its rows, which go with everything else when everybody was told. */
interface Remains {
  readonly stream: StoredStream;
  /** Whether the directory is still to be told. */
  readonly isListed: boolean;
}

/** Everything that is stored of one stream: the rooms of its SQLite, and what spans them. */
export class StreamStorage {
  readonly head: HeadRow;
  readonly log: LogRows;
  readonly segments: SegmentRows;
  readonly producers: ProducerRows;
  readonly purges: PurgeRows;
  readonly forks: ForkRows;
  readonly releases: ReleaseRows;
  readonly registrations: RegistrationRows;
  readonly links: LinkRows;
  readonly #storage: DurableObjectStorage;
  readonly #tables: Tables;
  #remains: Remains | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#tables = new Tables(storage.sql);
    this.head = new HeadRow(storage.sql, this.#tables);
    this.log = new LogRows(storage.sql, this.#tables);
    this.segments = new SegmentRows(storage.sql, this.#tables);
    this.producers = new ProducerRows(storage.sql, this.#tables);
    this.purges = new PurgeRows(storage.sql, this.#tables);
    this.forks = new ForkRows(storage.sql, this.#tables);
    this.releases = new ReleaseRows(storage.sql, this.#tables);
    this.registrations = new RegistrationRows(storage.sql, this.#tables);
    this.links = new LinkRows(storage.sql, this.#tables);
  }

  /** The stored stream, or `undefined` when there is none; `name` is for heads that do not hold it. Asked once, before anything else. */
  load(name: string): StoredStream | undefined {
    const stored = this.head.load(name);
    if (stored?.ended !== true) return stored;
    this.#remains = { stream: stored, isListed: true };
    return undefined;
  }

  /** What is left of a stream that ended, where it was not worth its rows to remove them one by one. */
  get remains(): Remains | undefined {
    return this.#remains;
  }

  /** Where the stream ends: in the hot log, or, when all of it is sealed, with its last segment. */
  end(): LogEnd | undefined {
    return this.log.end() ?? this.segments.last();
  }

  /** The runs from the one that holds `position` on: segments first, then the log. */
  *runsFrom(position: Position, sealed: Position, stream: StoredStream): Generator<StoredRun> {
    if (position < sealed) yield* this.segments.from(position, stream.name, stream.incarnation);
    yield* this.log.from(Math.max(position, sealed));
  }

  /** Runs `write` as one transaction: all of it is stored, or, when it throws, none of it. */
  transaction<T>(write: () => T): T {
    const tables = this.#tables.snapshot();
    const remains = this.#remains;
    try {
      return this.#storage.transactionSync(write);
    } catch (error) {
      this.#tables.restore(tables);
      this.#remains = remains;
      this.#forgetCached();
      throw error;
    }
  }

  /** Resolves when everything written so far is durable. */
  async durable(): Promise<void> {
    await this.#storage.sync();
  }

  /** Wakes the object at this time, in Unix milliseconds. One alarm a stream: a new one takes the place of the old. */
  setAlarm(atMs: number): void {
    void this.#storage.setAlarm(atMs);
  }

  /** Whether something is left to do for streams of this name that ended, or would be if the one that is there ended. */
  get hasAftermath(): boolean {
    return this.hasQueued || this.links.areThere;
  }

  /** Whether something that was promised is still to be done. */
  get hasQueued(): boolean {
    return this.#remains?.isListed === true || this.#hasRows;
  }

  get #hasRows(): boolean {
    return [this.purges, this.releases, this.registrations].some((queue) => queue.all().length > 0);
  }

  /** Whether there is anything to tidy up where no stream is: tables, if only empty ones. */
  get isUsed(): boolean {
    return this.#tables.areThere;
  }

  /** Stores that the stream has ended and is there for its forks alone, and that the directory is to be told. */
  softDelete(stream: StoredStream, isListed: boolean, nowMs: number): void {
    this.transaction(() => {
      this.head.put(stream);
      if (isListed) this.#queueUnregistration(stream, nowMs);
    });
  }

  /**
   * Ends the stream for good. Where nobody but the directory and subscriptions is to be told, that is a mark in its head:
   * deleting a row costs as much as writing it, and deleting everything at once costs nothing. Links stay until their
   * subscriptions know.
   *
   * @param isListed whether a directory may know the stream.
   */
  endStream(stream: StoredStream, isListed: boolean, nowMs: number): void {
    if (stream.fork !== undefined || this.segments.mayHaveObjects || this.#hasRows) {
      this.transaction(() => {
        this.#removeStream(stream, isListed, nowMs);
      });
    } else {
      this.head.put({ ...stream, ended: true });
      this.#remains = { stream, isListed };
    }
    this.producers.forget();
  }

  /** The directory knows that what remains has ended. */
  remainsUnlisted(): void {
    if (this.#remains !== undefined) this.#remains = { ...this.#remains, isListed: false };
  }

  /**
   * Removes what remains row by row: because there is to be another stream, or because the directory does not answer. Must
   * run inside {@link transaction}.
   */
  removeRemains(nowMs: number): void {
    const remains = this.#remains;
    if (remains === undefined) return;
    this.#removeStream(remains.stream, remains.isListed, nowMs);
    this.#remains = undefined;
  }

  /** What is left to do elsewhere is queued. */
  #removeStream(stream: StoredStream, isListed: boolean, nowMs: number): void {
    const { name, incarnation, fork } = stream;
    if (isListed) this.#queueUnregistration(stream, nowMs);
    if (this.segments.mayHaveObjects) {
      this.purges.put({ incarnation, stream: name, dueAtMs: nowMs, passes: 0, failures: 0 });
    }
    if (fork !== undefined) {
      this.releases.put({ incarnation, fork: name, source: fork.source, dueAtMs: nowMs, failures: 0 });
    }
    for (const table of ["log", "overflow", "producer", "segment", "fork"] as const) this.#tables.empty(table);
  }

  #queueUnregistration({ incarnation, name }: StoredStream, nowMs: number): void {
    this.registrations.put({ incarnation, stream: name, dueAtMs: nowMs, failures: 0 });
  }

  #forgetCached(): void {
    this.producers.forget();
    this.links.forget();
  }

  /** Removes every row, table and alarm, so that nothing at all is left or billed. */
  async destroy(): Promise<void> {
    this.#tables.forget();
    this.#forgetCached();
    this.#remains = undefined;
    await this.#storage.deleteAll();
  }
}

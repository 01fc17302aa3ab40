import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { BucketCall } from "../../worker/support/bucket.ts";
import type { StreamClient } from "../../worker/support/stream-client.ts";

/** What can happen to one attempt to seal. */
export const FAULTS = [
  "put fails before it stored",
  "put throws at once",
  "put fails after it stored",
  "put stores a part and fails",
  "put stores a part and says so",
  "put stores a part and claims the whole",
  "put is slow to begin",
  "put is slow to answer",
  "put arrives after a crash",
  "head fails",
  "crash before the put",
  "crash after the put",
  "crash with the commit",
  "crash after the commit",
  "commit fails at its first statement",
  "commit fails at its second statement",
] as const;

export type Fault = (typeof FAULTS)[number];

/** Faults that the alarm itself does not survive: the platform runs it again. */
const ALARM_FAILS: ReadonlySet<Fault> = new Set<Fault>([
  "put arrives after a crash",
  "crash before the put",
  "crash after the put",
  "crash with the commit",
  "crash after the commit",
]);

type Args = BucketCall["args"];

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

/** The faults of one stream: one at a time is armed, and strikes the next call that it is about. */
export class FaultyStream {
  readonly #stream: StreamClient;
  #armed: Fault | undefined;
  #context: DurableObjectState | undefined;
  /** Held calls go on when these are called. */
  #held: (() => void)[] = [];
  #toldHeld: () => void = () => undefined;
  #holding = new Promise<void>((resolve) => (this.#toldHeld = resolve));
  #late: Args[] = [];
  #isAlarmToFail = false;

  constructor(stream: StreamClient) {
    this.#stream = stream;
  }

  /** Whether the running alarm may throw. */
  get isAlarmToFail(): boolean {
    return this.#isAlarmToFail;
  }

  async arm(fault: Fault): Promise<void> {
    this.#armed = fault;
    this.#isAlarmToFail = ALARM_FAILS.has(fault);
    const reachesIntoTheObject = ALARM_FAILS.has(fault) || fault.startsWith("commit");
    if (!reachesIntoTheObject) return;
    this.#context = await runInDurableObject(this.#stream.object, (_instance, state) => state);
  }

  disarm(): void {
    this.#armed = undefined;
    this.#isAlarmToFail = false;
  }

  /** Resolves when a call is held back, or was since the last release. */
  get isHolding(): Promise<void> {
    return this.#holding;
  }

  /** Lets go on what was held back: from inside the object, since only there its work may go on. */
  async release(): Promise<void> {
    const held = this.#held.splice(0);
    if (held.length === 0) return;
    this.#holding = new Promise((resolve) => (this.#toldHeld = resolve));
    await runInDurableObject(this.#stream.object, () => {
      for (const go of held) go();
    });
  }

  /** What was on its way when the object crashed arrives. */
  async arriveLate(): Promise<void> {
    for (const [key, value, options] of this.#late.splice(0)) {
      await env.R2.put(key as string, value as Uint8Array, options as R2PutOptions & { onlyIf: R2Conditional });
    }
  }

  /** Every call of the bucket that is about this stream comes through here. */
  intercept(call: BucketCall): Promise<unknown> {
    const fault = this.#armed;
    if (fault === undefined || call.method !== (fault === "head fails" ? "head" : "put")) return call.real();
    this.#armed = undefined;
    return this.#strike(fault, call);
  }

  #strike(fault: Fault, call: BucketCall): Promise<unknown> {
    if (fault === "put throws at once") throw new Error(`injected: ${fault}`);
    return this.#strikeLater(fault, call);
  }

  async #strikeLater(fault: Exclude<Fault, "put throws at once">, { args, real }: BucketCall): Promise<unknown> {
    switch (fault) {
      case "put fails before it stored":
      case "head fails":
        throw new Error(`injected: ${fault}`);
      case "put fails after it stored":
        await real();
        throw new Error(`injected: ${fault}`);
      case "put stores a part and fails":
        await real(partOf(args));
        throw new Error(`injected: ${fault}`);
      case "put stores a part and says so":
        return real(partOf(args));
      case "put stores a part and claims the whole":
        await real(partOf(args));
        return wholeOf(args);
      case "put is slow to begin":
        await this.#hold();
        return real();
      case "put is slow to answer": {
        const stored = await real();
        await this.#hold();
        return stored;
      }
      case "put arrives after a crash":
        this.#late.push(args);
        this.#crash();
        return never();
      case "crash before the put":
        this.#crash();
        return never();
      case "crash after the put":
        await real();
        this.#crash();
        return never();
      case "crash with the commit":
      case "crash after the commit":
      case "commit fails at its first statement":
      case "commit fails at its second statement": {
        const stored = await real();
        this.#strikeCommit(fault);
        return stored;
      }
    }
  }

  /** The next transaction of the object is the one that makes a segment of the intent. */
  #strikeCommit(fault: Fault): void {
    const storage = this.#context?.storage;
    if (storage === undefined) throw new Error("a fault without the object that it is for");
    if (fault === "commit fails at its first statement" || fault === "commit fails at its second statement") {
      failStatement(storage.sql, fault === "commit fails at its first statement" ? 1 : 2);
      return;
    }
    const transactionSync = storage.transactionSync.bind(storage);
    storage.transactionSync = <T>(write: () => T): T => {
      const result = transactionSync(write);
      if (fault === "crash with the commit") this.#crash();
      else void storage.sync().then(() => this.#crash());
      return result;
    };
  }

  #hold(): Promise<void> {
    const held = new Promise<void>((resolve) => this.#held.push(resolve));
    this.#toldHeld();
    return held;
  }

  #crash(): void {
    this.#context?.abort("injected crash");
  }
}

/** Makes the n-th statement from now on throw, and no other. */
function failStatement(sql: SqlStorage, n: number): void {
  const exec = sql.exec.bind(sql);
  let count = 0;
  sql.exec = ((query: string, ...bindings: unknown[]) => {
    if (++count < n) return exec(query, ...bindings);
    delete (sql as Partial<SqlStorage>).exec;
    throw new Error(`injected: failure of a statement`);
  }) as SqlStorage["exec"];
}

/** A put of the first two thirds, without the checksum that R2 would miss them by. */
function partOf([key, value, options]: Args): Args {
  const bytes = value as Uint8Array;
  const { sha256: _sha256, ...others } = options as R2PutOptions;
  return [key, bytes.slice(0, Math.floor((bytes.byteLength * 2) / 3)), others];
}

/** What R2 answers to a put that stored everything. */
function wholeOf([key, value, options]: Args): unknown {
  const { sha256 } = options as { readonly sha256: Uint8Array };
  const checksum = sha256.buffer.slice(sha256.byteOffset, sha256.byteOffset + sha256.byteLength);
  return { key, size: (value as Uint8Array).byteLength, checksums: { sha256: checksum } };
}

import { runInDurableObject } from "cloudflare:test";
import type { GrantRequest } from "../../../src/worker/stream/fork.ts";
import type { StreamClient } from "../../worker/support/stream-client.ts";
import type { Arrived, Between } from "./between-objects.ts";

/** What can happen while a fork takes its reference and is stored. */
export const GRANT_FAULTS = [
  "grant fails before it took effect",
  "grant fails after it took effect",
  "grant arrives late",
  "source crashes before the grant",
  "source crashes with the grant",
  "source crashes after the grant",
  "fork crashes before the promise is durable",
  "fork crashes after the promise is durable",
  "fork crashes after the grant",
  "fork crashes with the commit",
  "fork crashes after the commit",
  "commit fails",
] as const;

/** What can happen while a fork gives its reference back. */
export const RELEASE_FAULTS = [
  "release fails before it took effect",
  "release fails after it took effect",
  "source crashes before the release",
  "source crashes with the release",
  "source crashes after the release",
  "fork crashes after the release",
] as const;

export type GrantFault = (typeof GRANT_FAULTS)[number];
type InsideFault = Extract<GrantFault, `fork ${string}` | "commit fails">;
export type ReleaseFault = (typeof RELEASE_FAULTS)[number];

/** Whether the fault strikes in the fork's own object. */
function isInside(fault: GrantFault): fault is InsideFault {
  return fault.startsWith("fork") || fault === "commit fails";
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

function crash(state: DurableObjectState): Promise<never> {
  state.abort("injected crash");
  return never();
}

/** The faults of one fork. Those of a creation strike once, those of releases one after the other. */
export class FaultyFork implements Between {
  readonly #fork: StreamClient;
  #grantFault: GrantFault | undefined;
  readonly #releaseFaults: ReleaseFault[] = [];
  readonly #late: GrantRequest[] = [];

  constructor(fork: StreamClient) {
    this.#fork = fork;
  }

  /** Arms what happens to the next creation. */
  async armGrant(fault: GrantFault): Promise<void> {
    this.#grantFault = fault;
    if (!isInside(fault)) return;
    await runInDurableObject(this.#fork.object, (_instance, state) => {
      this.#reachInto(state);
    });
  }

  armReleases(faults: readonly ReleaseFault[]): void {
    this.#releaseFaults.push(...faults);
  }

  disarm(): void {
    this.#grantFault = undefined;
    this.#releaseFaults.splice(0);
  }

  /** What was held up on its way arrives at the source, whatever has become of the fork. */
  async arriveLate(sourceOf: (name: string) => StreamClient): Promise<void> {
    for (const request of this.#late.splice(0)) await sourceOf(request.fork.source).object.grantFork(request);
  }

  async grant({ real, source }: Arrived, request: GrantRequest): Promise<unknown> {
    const fault = this.#grantFault;
    // What happens inside the fork's object strikes there.
    if (fault === undefined || isInside(fault)) return real();
    this.#grantFault = undefined;
    switch (fault) {
      case "grant fails before it took effect":
        throw new Error(`injected: ${fault}`);
      case "grant fails after it took effect":
        real();
        throw new Error(`injected: ${fault}`);
      case "grant arrives late":
        this.#late.push(request);
        throw new Error(`injected: ${fault}`);
      case "source crashes before the grant":
        return crash(source);
      case "source crashes with the grant":
        real();
        return crash(source);
      case "source crashes after the grant":
        real();
        await source.storage.sync();
        return crash(source);
    }
  }

  async release({ real, source }: Arrived): Promise<unknown> {
    const fault = this.#releaseFaults.shift();
    switch (fault) {
      case undefined:
        return real();
      case "release fails before it took effect":
        throw new Error(`injected: ${fault}`);
      case "release fails after it took effect":
        real();
        throw new Error(`injected: ${fault}`);
      case "source crashes before the release":
        return crash(source);
      case "source crashes with the release":
        real();
        return crash(source);
      case "source crashes after the release":
        real();
        await source.storage.sync();
        return crash(source);
      case "fork crashes after the release":
        real();
        return this.#crashWhenReleased();
    }
  }

  /** The fork's object does not come to write down that its reference was given back. */
  #crashWhenReleased(): Promise<void> {
    return runInDurableObject(this.#fork.object, (_instance, state) => {
      const { sql } = state.storage;
      const exec = sql.exec.bind(sql);
      sql.exec = ((query: string, ...bindings: unknown[]) => {
        if (!query.startsWith("DELETE FROM release")) return exec(query, ...bindings);
        state.abort("injected crash");
        throw new Error("injected crash");
      }) as SqlStorage["exec"];
    });
  }

  #strikes(fault: InsideFault): boolean {
    if (this.#grantFault !== fault) return false;
    this.#grantFault = undefined;
    return true;
  }

  #reachInto(state: DurableObjectState): void {
    const { storage } = state;
    const sync = storage.sync.bind(storage);
    storage.sync = async () => {
      if (this.#strikes("fork crashes before the promise is durable")) return crash(state);
      await sync();
      if (this.#strikes("fork crashes after the promise is durable")) return crash(state);
    };
    const transactionSync = storage.transactionSync.bind(storage);
    // The first transaction is the promise, the second one stores the fork.
    let transactions = 0;
    storage.transactionSync = <T>(write: () => T): T => {
      if (this.#grantFault === undefined || ++transactions < 2) return transactionSync(write);
      if (this.#strikes("commit fails")) throw new Error("injected: commit fails");
      if (this.#strikes("fork crashes after the grant")) {
        state.abort("injected crash");
        throw new Error("injected crash");
      }
      const result = transactionSync(write);
      if (this.#strikes("fork crashes with the commit")) state.abort("injected crash");
      else if (this.#strikes("fork crashes after the commit")) {
        void sync().then(() => {
          state.abort("injected crash");
        });
      }
      return result;
    };
  }
}

import { WAKE_SETTLED_STREAMS_MAX, WEBHOOK_TIMEOUT_MS } from "../../protocol/limits.ts";
import type { WebhookRules } from "../../protocol/subscription/webhook-url.ts";
import { withinTime } from "../segments/within-time.ts";
import type { AppendOutcome, AppendRequest } from "../stream/operations.ts";
import type { StoredRecord, StoredWake } from "./record.ts";
import type { Subscription } from "./subscription.ts";
import { judgeWakeEvent, wakeEventAppend } from "./wake-event.ts";
import { callWebhook, type DeliveryOutcome } from "./webhook.ts";
import type { WebhookSigner } from "./webhook-signature.ts";

export interface DeliverySurroundings {
  readonly subscription: Subscription;
  readonly signer: WebhookSigner;
  readonly rules: WebhookRules;
  /** Appends to a stream of the project. */
  readonly append: (project: string, path: string, request: AppendRequest) => Promise<AppendOutcome>;
  /** Keeps the object awake while this is under way. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Delivers wakes, one at a time, beside everything else that the object does. That a delivery is under way is stored before
 * it begins, so one that is lost with the object is repeated.
 */
export class Deliveries {
  readonly #around: DeliverySurroundings;
  #current: AbortController | undefined;

  constructor(around: DeliverySurroundings) {
    this.#around = around;
  }

  /** Delivers the wake that there is. Whatever was being delivered matters no more. */
  begin(): void {
    this.#current?.abort();
    const { record, wake } = this.#around.subscription;
    if (record === undefined || wake.state.phase.kind !== "sending") return;
    const current = new AbortController();
    this.#current = current;
    this.#around.waitUntil(this.#run(record, wake, current));
  }

  async #run(record: StoredRecord, wake: StoredWake, current: AbortController): Promise<void> {
    const outcome = await this.#deliver(record, wake, current);
    if (this.#current !== current) return;
    this.#current = undefined;
    try {
      this.#settle(record, wake, outcome);
    } catch (error) {
      console.error("What became of a wake's delivery could not be stored, so it will be repeated:", error);
    }
  }

  async #deliver(record: StoredRecord, wake: StoredWake, abort: AbortController): Promise<DeliveryOutcome> {
    try {
      return record.config.type === "webhook"
        ? await this.#callWebhook(record, wake, abort)
        : await this.#writeEvent(record, wake);
    } catch (error) {
      console.error("A wake could not be delivered, and will be later:", error);
      return { kind: "undelivered", reason: "The server could not deliver the wake; it tries again." };
    }
  }

  #callWebhook(
    record: StoredRecord,
    { state, snapshot }: StoredWake,
    abort: AbortController,
  ): Promise<DeliveryOutcome> {
    const { subscription, rules, signer } = this.#around;
    const settled = subscription.storage.settledLinks(Math.max(0, WAKE_SETTLED_STREAMS_MAX - snapshot.length));
    const told = new Set(snapshot.map(({ path }) => path));
    const streams = [...snapshot, ...settled.filter(({ path }) => !told.has(path))];
    return callWebhook({ record, wake: wakeOf(state), streams, rules, signer, abort });
  }

  async #writeEvent(record: StoredRecord, { state, snapshot }: StoredWake): Promise<DeliveryOutcome> {
    const wakeStream = record.config.wakeStream ?? "";
    const request = wakeEventAppend(record, wakeOf(state), snapshot[0]?.path ?? "", Date.now());
    const appended = this.#around.append(record.project, wakeStream, request);
    return judgeWakeEvent(wakeStream, await withinTime(WEBHOOK_TIMEOUT_MS, appended, "The wake stream"));
  }

  #settle(record: StoredRecord, { state, snapshot }: StoredWake, outcome: DeliveryOutcome): void {
    const { subscription } = this.#around;
    if (subscription.record?.incarnation !== record.incarnation) return;
    const { id: wakeId } = wakeOf(state);
    subscription.commit(() => {
      switch (outcome.kind) {
        case "delivered":
          subscription.step({ kind: "delivered", wakeId });
          return;
        case "finished":
          this.#finish(wakeId, snapshot);
          return;
        case "undelivered":
          subscription.step({ kind: "undelivered", attempt: state.attempts, reason: outcome.reason });
      }
    });
  }

  /** All that the wake told of is acked, and nothing that came later (section 7.1). */
  #finish(wakeId: string, snapshot: StoredWake["snapshot"]): void {
    const { subscription } = this.#around;
    const { links } = subscription;
    subscription.step({ kind: "ticked" });
    const { phase } = subscription.wake.state;
    if (phase.kind === "idle" || phase.wake.id !== wakeId) return;
    let hasMoved = false;
    for (const { path, incarnation, tail } of snapshot) {
      const link = links.get(path);
      if (link?.incarnation !== incarnation || link.acked >= tail) continue;
      links.put({ ...link, acked: tail }, link);
      hasMoved = true;
    }
    subscription.step({ kind: "finished", wakeId, hasMoved });
  }
}

function wakeOf({ phase }: StoredWake["state"]): { readonly id: string; readonly generation: number } {
  if (phase.kind === "idle") throw new Error("there is no wake to deliver");
  return phase.wake;
}

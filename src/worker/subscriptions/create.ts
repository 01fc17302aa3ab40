import { encodeHex } from "../../protocol/hex.ts";
import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { LIST_PAGE_DEFAULT, SUBSCRIPTION_LINKS_MAX } from "../../protocol/limits.ts";
import { describeSubscription } from "./describe.ts";
import { wantExplicit } from "./joining.ts";
import { newMaking, TOO_MANY_LINKS, type Maker } from "./making.ts";
import type { CreateSubscription, CreateSubscriptionOutcome, Refused } from "./operations.ts";
import { RECORD_FORMAT, type StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";

/** Creates a subscription, or confirms that it is there as asked (section 6.2). Answers when it is linked to all its streams. */
export async function createSubscription(
  subscription: Subscription,
  maker: Maker,
  request: CreateSubscription,
): Promise<CreateSubscriptionOutcome> {
  const existing = subscription.record;
  if (existing !== undefined && existing.configHash !== request.configHash)
    return refused(otherConfiguration(request.id));
  const isThere = existing !== undefined && existing.making === undefined;
  if (existing === undefined) {
    const { wakeStream, streams } = request.config;
    if (wakeStream !== undefined && streams.includes(wakeStream)) return refused(ownWakeStream(wakeStream));
    begin(subscription, request);
  }
  if (existing !== undefined && existing.root !== request.root) follow(subscription, request.root);
  const begun = subscription.record;
  if (!isThere && begun !== undefined) {
    const outcome = await maker.made(begun);
    if (outcome.kind === "refused") return outcome;
  }
  const { record } = subscription;
  if (record === undefined || record.incarnation !== begun?.incarnation) return refused(deletedMeanwhile(request.id));
  const described = describeSubscription(subscription, record, "", LIST_PAGE_DEFAULT);
  return { kind: isThere ? "confirmed" : "created", subscription: described };
}

/** Callbacks go to where the subscription was last confirmed: what the deployment was called before may be nobody's by now. */
function follow(subscription: Subscription, root: string): void {
  const { record } = subscription;
  if (record === undefined) return;
  subscription.commit(() => {
    subscription.putRecord({ ...record, root });
  });
}

function begin(subscription: Subscription, { project, id, config, configHash, root }: CreateSubscription): void {
  const nowMs = Date.now();
  const record: StoredRecord = {
    format: RECORD_FORMAT,
    project,
    id,
    config,
    configHash,
    root,
    incarnation: crypto.randomUUID(),
    secret: encodeHex(crypto.getRandomValues(new Uint8Array(32))),
    createdAtMs: nowMs,
    making: newMaking(nowMs),
  };
  subscription.commit(() => {
    const { storage } = subscription;
    // What an earlier subscription of the id left.
    if (storage.hasTables) storage.removeLinks();
    storage.makeTables();
    subscription.links.forget();
    subscription.putRecord(record);
    for (const path of config.streams) wantExplicit(subscription, path);
  });
}

/** Why a subscription cannot have these explicit links, or `undefined` when it can. */
export function explicitProblem({ record, links }: Subscription, paths: readonly string[]): ProtocolError | undefined {
  const { wakeStream } = record?.config ?? {};
  if (wakeStream !== undefined && paths.includes(wakeStream)) return ownWakeStream(wakeStream);
  const added = new Set(paths.filter((path) => links.get(path) === undefined));
  return links.count + added.size > SUBSCRIPTION_LINKS_MAX ? TOO_MANY_LINKS : undefined;
}

function ownWakeStream(path: string): ProtocolError {
  return protocolError(
    "INVALID_SUBSCRIPTION",
    `${quote(path)} is the subscription's wake stream: linked to it, every wake would cause the next; leave it out.`,
  );
}

function otherConfiguration(id: string): ProtocolError {
  return protocolError(
    "SUBSCRIPTION_ALREADY_EXISTS",
    `There is a subscription ${quote(id)} with another configuration; delete it first, or choose another id.`,
  );
}

function deletedMeanwhile(id: string): ProtocolError {
  return protocolError("SUBSCRIPTION_NOT_FOUND", `The subscription ${quote(id)} was deleted while it was made.`);
}

function refused(error: ProtocolError): Refused {
  return { kind: "refused", error };
}

import { visibleLine } from "../../client/visible-text.ts";
import type { ListedSubscription, Subscription, SubscriptionLink } from "../../client/subscription-types.ts";
import { linesOf } from "../table.ts";

const ID_WIDTH = 24;
const TYPE_WIDTH = 9;
const TIME_WIDTH = 24;
const PATH_WIDTH = 32;
const LINK_WIDTH = 8;
const OFFSET_WIDTH = 33;
const GAP = "  ";

export const SUBSCRIPTIONS_HEADING = subscriptionRow({
  id: "SUBSCRIPTION",
  type: "TYPE",
  createdAt: "CREATED",
  pattern: "PATTERN",
});

/** A subscription as a line of a table. */
export function subscriptionRow({ id, type, createdAt, pattern }: ListedSubscription): string {
  return row([id.padEnd(ID_WIDTH), type.padEnd(TYPE_WIDTH), (createdAt ?? "").padEnd(TIME_WIDTH), pattern ?? ""]);
}

export const LINKS_HEADING = linkCells({ path: "STREAM", linkType: "LINK", ackedOffset: "ACKED" }, "PENDING");

/** A linked stream as a line of a table. */
export function linkRow(link: SubscriptionLink): string {
  return linkCells(link, link.hasPending === true ? "yes" : "");
}

function linkCells({ path, linkType, ackedOffset }: SubscriptionLink, pending: string): string {
  return row([path.padEnd(PATH_WIDTH), linkType.padEnd(LINK_WIDTH), ackedOffset.padEnd(OFFSET_WIDTH), pending]);
}

/** A subscription at length, but for its streams. */
export function subscriptionLines(subscription: Subscription): string {
  const { id, type, pattern, webhook, wakeStream, leaseTtlMs, createdAt, status, description } = subscription;
  const { failure, nextAttemptAt, linksRefused } = subscription;
  return linesOf([
    ["subscription", id],
    ["type", type],
    ["description", description],
    ["pattern", pattern],
    ["webhook", webhook?.url],
    ["signed with", webhook?.signing?.kid],
    ["keys at", webhook?.signing?.jwksUrl],
    ["wake stream", wakeStream],
    ["lease", `${String(leaseTtlMs / 1000)} s`],
    ["created", createdAt],
    ["status", status],
    ["failure", failure],
    ["next attempt", nextAttemptAt],
    ["not linked", linksRefused === undefined ? undefined : refusedText(linksRefused)],
  ]);
}

function refusedText({ first, since }: NonNullable<Subscription["linksRefused"]>): string {
  return `${first}, and maybe later streams, since ${since}: there were as many links as a subscription may have`;
}

function row(cells: readonly string[]): string {
  return `${visibleLine(cells.join(GAP).trimEnd())}\n`;
}

import { describe, expect, it } from "vitest";
import { linkRow, LINKS_HEADING, subscriptionLines } from "../../src/cli/subscriptions/subscription-text.ts";
import type { Subscription } from "../../src/client/subscription-types.ts";

const HEALTHY: Subscription = {
  id: "mailer",
  type: "webhook",
  pattern: "orders/**",
  streams: [],
  webhook: { url: "http://127.0.0.1:8787/", signing: undefined },
  wakeStream: undefined,
  leaseTtlMs: 30_000,
  createdAt: "2026-11-29T10:00:00.000Z",
  status: "active",
  failure: undefined,
  nextAttemptAt: undefined,
  description: undefined,
};

describe("a subscription in words", () => {
  it("says why the last delivery failed, and when the next is tried", () => {
    const failure = "The webhook could not be reached.";
    const text = subscriptionLines({
      ...HEALTHY,
      status: "failed",
      failure,
      nextAttemptAt: "2026-11-29T10:00:08.000Z",
    });
    expect(text).toMatch(/^status +failed\nfailure +The webhook could not be reached\.\nnext attempt +\S+08\.000Z$/m);
    expect(subscriptionLines(HEALTHY)).not.toMatch(/^(failure|next attempt)/m);
  });

  it("says that streams are not linked, since when, and the first of them", () => {
    const linksRefused = { first: "orders/\u001b[31m9", since: "2026-11-29T10:00:08.000Z" };
    const text = subscriptionLines({ ...HEALTHY, linksRefused });
    expect(text).toMatch(
      /^not linked +orders\/\S+9, and maybe later streams, since 2026-11-29T10:00:08\.000Z: there were/m,
    );
    expect(text).not.toContain("\u001b");
    expect(subscriptionLines(HEALTHY)).not.toContain("not linked");
  });

  it("marks the streams that have news, below PENDING", () => {
    const link = { path: "orders/1", linkType: "glob", ackedOffset: `${"0".repeat(16)}_${"0".repeat(16)}` };
    expect(linkRow({ ...link, hasPending: true }).indexOf("yes")).toBe(LINKS_HEADING.indexOf("PENDING"));
    expect(linkRow({ ...link, hasPending: false })).toMatch(/_0{16}\n$/);
    expect(linkRow(link)).toMatch(/_0{16}\n$/);
  });
});

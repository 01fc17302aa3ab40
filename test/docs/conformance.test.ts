// docs/conformance.md goes through the protocol section by section; nothing in it may be missing or made up.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readDocument, rowsOf } from "./support/documents.ts";

/** The headings of PROTOCOL.md at commit c281445cdab3339d34090d2a143e1f6ba2ad92ca. */
const SECTIONS = `
1 Introduction
2 Terminology
3 Protocol Overview
4 Stream Model
4.1 Stream Closure
4.2 Stream forking
5 HTTP Operations
5.1 Create Stream
5.2 Append to Stream
5.2.1 Idempotent Producers
5.3 Close Stream
5.4 Delete Stream
5.5 Stream Metadata
5.6 Read Stream - Catch-up
5.7 Read Stream - Live (Long-poll)
5.8 Read Stream - Live (SSE)
6 Reserved Subscription APIs
6.1 Subscription Addressing
6.2 Create or Re-confirm a Subscription
6.3 Read or Delete a Subscription
6.4 Explicit Stream Membership
7 Subscription Delivery
7.1 Webhook Delivery and Callback
7.2 Pull-wake Claim, Ack, and Release
7.3 Generation Fencing and Leases
8 Offsets
9 Content Types
9.1 JSON Mode
9.1.1 Message Boundaries
9.1.2 Array Flattening for Batch Operations
9.1.3 Empty Arrays
9.1.4 JSON Validation
9.1.5 Response Format
10 Caching and Collapsing
10.1 Catch-up and Long-poll Reads
10.2 SSE
11 Extensibility
11.1 Protocol Extensions
11.2 Authentication Extensions
12 Security Considerations
12.1 Authentication and Authorization
12.2 Multi-tenant Safety
12.3 Untrusted Content
12.4 Content Type Validation
12.5 Rate Limiting
12.6 Sequence Validation
12.7 Browser Security Headers
12.8 Webhook URL Validation (SSRF Prevention)
12.9 Callback Token Security
12.10 Webhook Signature Security
12.11 TLS
13 IANA Considerations
13.1 Default Port
13.2 HTTP Headers
14 References
`
  .trim()
  .split("\n");

/** Sections that ask nothing of a server. */
const WITHOUT_TESTS = new Set(["1", "2", "13", "14"]);

const rows = rowsOf(await readDocument("docs/conformance.md"));

test("conformance: every section of the protocol is there, in order", () => {
  expect(rows.map(([section]) => section)).toEqual(SECTIONS);
});

test("conformance: every section that asks something of a server names tests of ours", () => {
  const bare = rows.filter(
    ([section = "", , tests = ""]) => !WITHOUT_TESTS.has(section.split(" ")[0] ?? "") && tests === "",
  );
  expect(bare).toEqual([]);
});

/** The suite's top-level groups, read from its own source. */
async function suiteGroups(): Promise<ReadonlySet<string>> {
  const entry = fileURLToPath(import.meta.resolve("@durable-streams/server-conformance-tests"));
  const source = await readFile(entry.replace(/dist\/[^/]+$/, "src/index.ts"), "utf8");
  return new Set([...source.matchAll(/^ {2}describe(?:\.runIf\([^)]*\))?\(`([^`]+)`/gm)].map(([, name = ""]) => name));
}

test("conformance: every group of the official suite is named, and none that it does not have", async () => {
  const named = new Set(rows.flatMap(([, groups = ""]) => groups.split(", ").filter((name) => name !== "")));
  const groups = await suiteGroups();
  expect(groups.size).toBeGreaterThan(20);
  expect([...named].toSorted()).toEqual([...groups].toSorted());
});

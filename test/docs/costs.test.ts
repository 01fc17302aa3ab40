// The prices in docs/costs.md are those that `metrics --cost` reckons with, and what it adds up follows from its own tables.
// What an operation writes and asks is held by test/worker/costs.test.ts.
import { expect, test } from "vitest";
import { PRICES, PRICES_OF, UNCOUNTED_PRICES, type Price } from "../../src/cli/metrics/prices.ts";
import { readDocument, rowsOf } from "./support/documents.ts";

const document = await readDocument("docs/costs.md");
const rows = rowsOf(document);

const MILLION = 1_000_000;

function row(name: string): readonly string[] {
  const found = rows.find(([first]) => first === name);
  if (found === undefined) throw new Error(`docs/costs.md has no row ${name}`);
  return found;
}

/** What a million of an operation come to, in rows and requests to objects. */
function ofAMillion(operation: string, sealedRows = 0): number {
  const [written = 0, read = 0, requests = 0] = row(operation).slice(1).map(Number);
  return (
    (written + sealedRows) * PRICES.rowsWritten.usd + read * PRICES.rowsRead.usd + requests * PRICES.objectRequests.usd
  );
}

test("costs: the prices are those of `metrics --cost`, of the same date", () => {
  const prices: readonly Price[] = [...Object.values(PRICES), ...UNCOUNTED_PRICES];
  for (const { unit, usd, per } of prices) {
    expect(row(unit)).toEqual([unit, per === MILLION ? `$${String(usd)} a million` : `$${String(usd)} each`]);
  }
  expect(document.text).toContain(`Prices are those of ${PRICES_OF}`);
});

test.for<[string, number]>([
  ["appends that arrive one by one, sealed later", ofAMillion("append of 1 message", 1)],
  ["messages in batches of 100, sealed later", ofAMillion("append of 100 in a batch", 1) / 100],
  ["appends of an idempotent producer, sealed later", ofAMillion("append by an idempotent producer", 1)],
  ["catch-up reads of ten appends each from the hot log", ofAMillion("catch-up GET of 10 appends")],
  ["readers that look at the tail", ofAMillion("GET at the tail")],
])("costs: a million %s", ([what, dollars]) => {
  expect(row(what)).toEqual([what, `$${dollars.toFixed(2)}`]);
});

test("costs: the README says the same of appends and reads", async () => {
  const { text } = await readDocument("README.md");
  expect(text).toContain(`a million appends come to about $${ofAMillion("append of 1 message", 1).toFixed(2)}`);
  expect(text.replaceAll("\n", " ")).toContain(
    `ten messages each to $${ofAMillion("catch-up GET of 10 appends").toFixed(2)}`,
  );
});

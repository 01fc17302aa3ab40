// The limits in the documents are those of the server.
import { expect, test } from "vitest";
import * as limits from "../../src/protocol/limits.ts";
import { readDocument, rowsOf } from "./support/documents.ts";

const whole = (count: number): string => count.toLocaleString("en-US");
const mebibytes = (bytes: number): string => `${String(bytes / 2 ** 20)} MiB`;
const seconds = (ms: number): string => `${String(ms / 1000)} s`;

/** The beginning of what the table says of each. */
const EXPECTED: Readonly<Record<string, string>> = {
  "body of a request": mebibytes(limits.BODY_MAX_BYTES),
  "messages in one JSON append": whole(limits.APPEND_MAX_MESSAGES),
  "stream path": `${whole(limits.PATH_MAX_BYTES)} bytes`,
  "live readers of one stream": whole(limits.LIVE_READERS_MAX),
  "one answer of a catch-up read": mebibytes(limits.READ_CHUNK_MAX_BYTES),
  "long-poll, SSE connection": `${seconds(limits.LONG_POLL_WAIT_MS)}, ${seconds(limits.SSE_CONNECTION_MS)}`,
  "streams a fork inherits from": whole(limits.FORK_ANCESTORS_MAX),
  "keys of a project at a time": whole(limits.PROJECT_KEYS_MAX),
  "lifetime of a token": `${whole(limits.TOKEN_LIFETIME_MAX_SECONDS / 86_400)} days; an operator's ${String(limits.OPERATOR_TOKEN_LIFETIME_MAX_SECONDS / 60)} minutes`,
  "subscriptions of a project": whole(limits.PROJECT_SUBSCRIPTIONS_MAX),
  "streams of a subscription": whole(limits.SUBSCRIPTION_LINKS_MAX),
  "subscriptions of a stream": whole(limits.STREAM_LINKS_MAX),
  "answer of a webhook": `${seconds(limits.WEBHOOK_TIMEOUT_MS)}, ${String(limits.WEBHOOK_ANSWER_MAX_BYTES / 1024)} KiB`,
};

test("operations: the table of limits says what the server holds", async () => {
  const rows = rowsOf(await readDocument("docs/operations.md"));
  const said = Object.keys(EXPECTED).map((name) => [name, rows.find(([first]) => first === name)?.[1] ?? "missing"]);
  const wrong = said.filter(([name = "", value = ""]) => !value.startsWith(EXPECTED[name] ?? "?"));
  expect(wrong).toEqual([]);
});

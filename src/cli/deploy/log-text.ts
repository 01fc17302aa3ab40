import { fieldsOf, listOf, numberOf, textOf, type Fields } from "../../cloudflare/fields.ts";
import { visibleLine } from "../../client/visible-text.ts";

/** Headers that open something, should Cloudflare ever pass them on. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  "authorization",
  "cf-access-jwt-assertion",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-auth-key",
]);
const OUTCOME_WIDTH = 9;
const DELETE = /\u007f/g;

/** An invocation as one line of JSON, without credentials and with every control character spelled out. */
export function logJson(event: unknown): string {
  const text = JSON.stringify(event, (name, value: unknown) =>
    CREDENTIALS.has(name.toLowerCase()) ? "[redacted]" : value,
  );
  return `${visibleLine(text.replaceAll(DELETE, String.raw`\u007f`))}\n`;
}

/** An invocation for people: a line for what was asked, and one for each thing it logged or threw. */
export function logText(event: unknown): string {
  const fields = fieldsOf(event);
  const time = new Date(numberOf(fields["eventTimestamp"]) ?? Date.now()).toISOString();
  const outcome = (textOf(fields["outcome"]) ?? "unknown").padEnd(OUTCOME_WIDTH);
  const lines = [
    `${time} ${outcome} ${askedText(fieldsOf(fields["event"]))}`,
    ...listOf(fields["logs"]).map((entry) => `  ${loggedText(fieldsOf(entry))}`),
    ...listOf(fields["exceptions"]).map((entry) => `  ${thrownText(fieldsOf(entry))}`),
  ];
  return lines.map((line) => `${visibleLine(line)}\n`).join("");
}

function askedText(event: Fields): string {
  const { method, url } = fieldsOf(event["request"]);
  if (textOf(url) !== undefined) {
    const status = numberOf(fieldsOf(event["response"])["status"]);
    return `${textOf(method) ?? ""} ${String(url)}${status === undefined ? "" : ` ${String(status)}`}`;
  }
  const rpc = textOf(event["rpcMethod"]);
  if (rpc !== undefined) return `rpc ${rpc}`;
  return event["scheduledTime"] === undefined ? "" : "alarm";
}

function loggedText({ level, message }: Fields): string {
  const words = Array.isArray(message) ? message : [message];
  return `${textOf(level) ?? "log"}: ${words.map(wordOf).join(" ")}`;
}

function wordOf(word: unknown): string {
  if (word === undefined) return "undefined";
  return typeof word === "string" ? word : JSON.stringify(word);
}

function thrownText({ name, message }: Fields): string {
  return `${textOf(name) ?? "Error"}: ${wordOf(message)}`;
}

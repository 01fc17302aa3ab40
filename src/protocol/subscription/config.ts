import { quote } from "../errors.ts";
import { LEASE_DEFAULT_MS, LEASE_MAX_MS, LEASE_MIN_MS } from "../limits.ts";
import { failed, parsed, type Parsed } from "../result.ts";
import { invalid, isAbsent, isObject, parsePath, parsePaths, parseText, type Fields } from "./fields.ts";
import { parsePattern } from "./glob.ts";
import { checkWebhookUrl, type WebhookRules } from "./webhook-url.ts";

/** How workers are woken (section 6): by a request to their URL, or by an event on a stream that they read. */
export type SubscriptionType = "webhook" | "pull-wake";

/** What a subscription was asked to be, in its one normal form (section 6.2). */
export interface SubscriptionConfig {
  readonly type: SubscriptionType;
  /** Glob over the paths of the project's streams. */
  readonly pattern: string | undefined;
  /** Explicit paths, each once, in order. With neither these nor a pattern there is no subscription. */
  readonly streams: readonly string[];
  /** Of a webhook, as it was given. */
  readonly webhookUrl: string | undefined;
  /** Of a pull-wake: the path of the stream that gets the wake events. */
  readonly wakeStream: string | undefined;
  readonly leaseTtlMs: number;
  readonly description: string | undefined;
}

/** Reads what a PUT asks for. What belongs to the other type is left out: it is no part of this one's configuration. */
export function parseConfig(fields: Fields, rules: WebhookRules): Parsed<SubscriptionConfig> {
  const { type } = fields;
  if (type !== "webhook" && type !== "pull-wake")
    return failed(invalid("The field `type` must be webhook or pull-wake."));
  const scope = parseScope(fields);
  if (!scope.ok) return scope;
  const delivery = type === "webhook" ? parseWebhook(fields, rules) : parsePullWake(fields);
  if (!delivery.ok) return delivery;
  const { wakeStream } = delivery.value;
  if (wakeStream !== undefined && scope.value.streams.includes(wakeStream)) {
    return failed(
      invalid(
        `The stream ${quote(wakeStream)} gets the wake events, so every wake would cause the next one; choose another.`,
      ),
    );
  }
  const leaseTtlMs = parseLease(fields["lease_ttl_ms"]);
  if (!leaseTtlMs.ok) return leaseTtlMs;
  const description = isAbsent(fields["description"])
    ? parsed(undefined)
    : parseText("description", fields["description"]);
  if (!description.ok) return description;
  return parsed({
    type,
    ...scope.value,
    ...delivery.value,
    leaseTtlMs: leaseTtlMs.value,
    description: description.value,
  });
}

/**
 * One text for every configuration: equal where, and only where, they ask for the same. It is hashed, and the hashes are
 * kept and compared (section 6.2), so it never changes for a configuration that there already is.
 */
export function configText(config: SubscriptionConfig): string {
  const { type, pattern, streams, webhookUrl, wakeStream, leaseTtlMs, description } = config;
  // Two spellings of one URL are one configuration.
  const url = webhookUrl === undefined ? null : new URL(webhookUrl).href;
  return JSON.stringify([type, pattern ?? null, streams, url, wakeStream ?? null, leaseTtlMs, description ?? null]);
}

function parseScope(fields: Fields): Parsed<Pick<SubscriptionConfig, "pattern" | "streams">> {
  const pattern = isAbsent(fields["pattern"]) ? parsed(undefined) : parsePatternField(fields["pattern"]);
  if (!pattern.ok) return pattern;
  const streams = isAbsent(fields["streams"]) ? parsed([]) : parsePaths("streams", fields["streams"]);
  if (!streams.ok) return streams;
  if (pattern.value === undefined && streams.value.length === 0) {
    return failed(invalid("The subscription has neither a `pattern` nor `streams`; it needs one of them, or both."));
  }
  return parsed({ pattern: pattern.value, streams: streams.value });
}

function parsePatternField(value: unknown): Parsed<string> {
  return typeof value === "string" ? parsePattern(value) : failed(invalid("The field `pattern` must be a text."));
}

type Delivery = Pick<SubscriptionConfig, "webhookUrl" | "wakeStream">;

function parseWebhook({ webhook }: Fields, rules: WebhookRules): Parsed<Delivery> {
  const url = parseText("webhook.url", isObject(webhook) ? webhook["url"] : undefined);
  if (!url.ok) return url;
  const error = checkWebhookUrl(url.value, rules);
  return error === undefined ? parsed({ webhookUrl: url.value, wakeStream: undefined }) : failed(error);
}

function parsePullWake(fields: Fields): Parsed<Delivery> {
  const wakeStream = parsePath("wake_stream", fields["wake_stream"]);
  return wakeStream.ok ? parsed({ webhookUrl: undefined, wakeStream: wakeStream.value }) : wakeStream;
}

function parseLease(value: unknown): Parsed<number> {
  if (isAbsent(value)) return parsed(LEASE_DEFAULT_MS);
  const isLease =
    typeof value === "number" && Number.isInteger(value) && value >= LEASE_MIN_MS && value <= LEASE_MAX_MS;
  if (isLease) return parsed(value);
  const range = `${String(LEASE_MIN_MS)} to ${String(LEASE_MAX_MS)}`;
  return failed(invalid(`The field \`lease_ttl_ms\` must be a whole number from ${range}.`));
}

import { protocolError, quote } from "../../../protocol/errors.ts";
import { SUBSCRIPTION_ID_MAX_BYTES } from "../../../protocol/limits.ts";
import { isProjectName, parseStreamPath, RESERVED_SEGMENT } from "../../../protocol/path.ts";
import { failed, parsed, type Parsed } from "../../../protocol/result.ts";
import { isPlainText, isTooLong } from "../../../protocol/text.ts";
import { noProjectName } from "../named-stream.ts";

/** What is asked with the token of a wake. */
const WAKE_ACTIONS = ["callback", "ack", "release"] as const;

export type WakeAction = (typeof WAKE_ACTIONS)[number];

/** What a URL below a project's `__ds` stands for (section 6). */
export type ControlTarget =
  | { readonly about: "streams" }
  | { readonly about: "jwks" }
  | { readonly about: "signing-key" }
  | { readonly about: "subscriptions" }
  | { readonly about: "subscription"; readonly id: string }
  | { readonly about: "membership"; readonly id: string }
  | { readonly about: "member"; readonly id: string; readonly path: string }
  | { readonly about: "claim"; readonly id: string }
  | { readonly about: "wake"; readonly id: string; readonly action: WakeAction };

export interface ControlRoute {
  readonly project: string;
  /** What the authorisation is asked about: `project/__ds/...`, decoded. */
  readonly doKey: string;
  readonly to: ControlTarget;
}

const ROOT = `${RESERVED_SEGMENT}/`;
const SUBSCRIPTION = /^subscriptions\/([^/]+)(?:\/([^/]+)(?:\/(.*))?)?$/s;

/** Finds the route of what stands behind `/stream/` in a URL's path; `undefined` when there is none. */
export function matchControlRoute(project: string, path: string): Parsed<ControlRoute> | undefined {
  if (!path.startsWith(ROOT)) return undefined;
  const target = matchTarget(path.slice(ROOT.length));
  if (target === undefined) return undefined;
  if (!isProjectName(project)) return failed(noProjectName(project));
  // Every part of it that can hold anything was decoded on its own before, so the whole can be.
  return target.ok ? parsed({ project, doKey: `${project}/${decodeURIComponent(path)}`, to: target.value }) : target;
}

function matchTarget(rest: string): Parsed<ControlTarget> | undefined {
  if (rest === "streams") return parsed({ about: "streams" });
  if (rest === "jwks.json") return parsed({ about: "jwks" });
  if (rest === "signing-key/rotate") return parsed({ about: "signing-key" });
  if (rest === "subscriptions") return parsed({ about: "subscriptions" });
  const [, encodedId, action, encodedPath] = SUBSCRIPTION.exec(rest) ?? [];
  if (encodedId === undefined || !isAction(action, encodedPath)) return undefined;
  const id = parseId(encodedId);
  return id.ok ? subscriptionTarget(id.value, action, encodedPath) : id;
}

function isAction(action: string | undefined, encodedPath: string | undefined): boolean {
  if (action === undefined || action === "streams") return true;
  return encodedPath === undefined && (action === "claim" || isWakeAction(action));
}

function subscriptionTarget(
  id: string,
  action: string | undefined,
  encodedPath: string | undefined,
): Parsed<ControlTarget> {
  if (action === undefined) return parsed({ about: "subscription", id });
  if (action === "claim") return parsed({ about: "claim", id });
  if (isWakeAction(action)) return parsed({ about: "wake", id, action });
  if (encodedPath === undefined) return parsed({ about: "membership", id });
  const path = parseStreamPath(encodedPath);
  return path.ok ? parsed({ about: "member", id, path: path.value }) : path;
}

function isWakeAction(action: string): action is WakeAction {
  return (WAKE_ACTIONS as readonly string[]).includes(action);
}

/** An id is whatever the client likes, percent-encoded: a slash in it is no slash of the URL. */
function parseId(encoded: string): Parsed<string> {
  let id: string;
  try {
    id = decodeURIComponent(encoded);
  } catch {
    return invalidId(encoded, "is not percent-encoded UTF-8; encode it with encodeURIComponent");
  }
  if (isTooLong(id, SUBSCRIPTION_ID_MAX_BYTES)) {
    return invalidId(id, `is longer than ${String(SUBSCRIPTION_ID_MAX_BYTES)} bytes; choose a shorter one`);
  }
  return isPlainText(id) ? parsed(id) : invalidId(id, "contains a control character; remove it");
}

function invalidId(id: string, why: string): Parsed<never> {
  return failed(protocolError("INVALID_SUBSCRIPTION", `The subscription's id ${quote(id)} ${why}.`));
}

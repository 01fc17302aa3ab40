import type { ArgumentEntry, FlagEntry } from "./command-tree.ts";

/** Where the values of a flag or an argument come from. */
export type ValueKind =
  | { readonly from: "fixed"; readonly values: readonly string[] }
  | { readonly from: "contexts" | "projects" | "servers" | "streams" | "subscriptions" | "files" | "folders" }
  /** Text of one's own. */
  | { readonly from: "nowhere" };

const NOWHERE: ValueKind = { from: "nowhere" };

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const CONTENT_TYPES = ["application/json", "application/octet-stream", "text/plain"];

/** By the name of a flag, for those that a placeholder says too little of. */
const BY_FLAG: Readonly<Record<string, ValueKind>> = {
  context: { from: "contexts" },
  "content-type": { from: "fixed", values: CONTENT_TYPES },
  "operator-secret": { from: "fixed", values: ["-"] },
  "from-context": { from: "contexts" },
  prefix: { from: "streams" },
  project: { from: "projects" },
  secret: { from: "fixed", values: ["-"] },
  "to-context": { from: "contexts" },
  token: { from: "fixed", values: ["-"] },
  url: { from: "servers" },
};

/** By the placeholder that help shows for a value. */
const BY_PLACEHOLDER: Readonly<Record<string, ValueKind>> = {
  DIR: { from: "folders" },
  FILE: { from: "files" },
  STREAM: { from: "streams" },
};

/** By command and argument, or by the argument alone. */
const BY_ARGUMENT: Readonly<Record<string, ValueKind>> = {
  "api method": { from: "fixed", values: METHODS },
  "context:add name": NOWHERE,
  "context:remove name": { from: "contexts" },
  "context:show name": { from: "contexts" },
  "context:use name": { from: "contexts" },
  "create stream": NOWHERE,
  "projects:delete name": { from: "projects" },
  "projects:rotate name": { from: "projects" },
  "projects:show name": { from: "projects" },
  "projects:update name": { from: "projects" },
  "subscriptions:create id": NOWHERE,
  "subscriptions:add id": { from: "subscriptions" },
  "subscriptions:delete id": { from: "subscriptions" },
  "subscriptions:remove id": { from: "subscriptions" },
  "subscriptions:show id": { from: "subscriptions" },
  dir: { from: "folders" },
  dst: { from: "streams" },
  file: { from: "files" },
  prefix: { from: "streams" },
  src: { from: "streams" },
  stream: { from: "streams" },
  subscription: { from: "subscriptions" },
};

export function kindOfFlag({ name, options, helpValue = "" }: FlagEntry): ValueKind {
  if (options !== undefined) return { from: "fixed", values: options };
  return BY_FLAG[name] ?? BY_PLACEHOLDER[helpValue] ?? NOWHERE;
}

export function kindOfArgument(commandId: string, { name, options }: ArgumentEntry): ValueKind {
  if (options !== undefined) return { from: "fixed", values: options };
  return BY_ARGUMENT[`${commandId} ${name}`] ?? BY_ARGUMENT[name] ?? NOWHERE;
}

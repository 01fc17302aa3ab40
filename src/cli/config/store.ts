import { jsonOrNothing } from "../checkpoint-file.ts";
import type { ConfigFolder } from "./config-folder.ts";
import { changePrivateFile, readPrivateFile, unusableFile } from "./private-file.ts";

/** What this version of the command reads and writes. */
export const STORE_VERSION = 1;

/** A JSON file of the folder. */
export interface Store<T> {
  readonly name: string;
  /** What holds while there is no file. */
  readonly empty: T;
  readonly isExpected: (value: unknown) => value is T;
}

export async function loadStore<T>(folder: ConfigFolder, store: Store<T>): Promise<T> {
  return parseStore(folder, store, await readPrivateFile(folder, store.name));
}

/** Changes a file while no other command can. What it holds besides what is known here stays; the same value writes nothing. */
export async function changeStore<T>(folder: ConfigFolder, store: Store<T>, change: (current: T) => T): Promise<T> {
  let changed = store.empty;
  await changePrivateFile(folder, store.name, (text) => {
    const current = parseStore(folder, store, text);
    changed = change(current);
    return changed === current ? undefined : `${JSON.stringify(changed, null, 2)}\n`;
  });
  return changed;
}

/** The parser's own words would quote the file, and with it a secret. */
function parseStore<T>(folder: ConfigFolder, store: Store<T>, text: string | undefined): T {
  if (text === undefined) return store.empty;
  const value = jsonOrNothing(text);
  const version = isRecord(value) ? value["version"] : undefined;
  const file = folder.file(store.name);
  if (typeof version === "number" && version > STORE_VERSION) {
    const hint = "Update this one (npm install -g durable-streams), or choose another DURABLE_STREAMS_CONFIG_DIR.";
    throw unusableFile(file, "was written by a newer durable-streams", hint);
  }
  if (version !== STORE_VERSION || !store.isExpected(value)) throw unusableFile(file, "is damaged");
  return value;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** A value of a record, but nothing that the record has only inherited. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The record without a key. */
export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

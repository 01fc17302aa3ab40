import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { eventually } from "./eventually.ts";
import type { StreamClient } from "./stream-client.ts";

type Row = Record<string, SqlStorageValue>;

/** Everything that is stored of a stream: its tables with their rows, and its alarm. */
export interface StoredState {
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  readonly alarmMs: number | null;
}

export const NOTHING_STORED: StoredState = { tables: {}, alarmMs: null };

export async function storedState(stream: StreamClient): Promise<StoredState> {
  return runInDurableObject(stream.object, async (_instance, { storage }) => {
    const names = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
      .map((row) => row.name);
    const tables = Object.fromEntries(
      names.map((name) => [name, storage.sql.exec<Row>(`SELECT * FROM ${name}`).toArray()]),
    );
    return { tables, alarmMs: await storage.getAlarm() };
  });
}

/** Waits until nothing is left of a stream that has ended: its alarm tells the directory first. */
export async function untilNothingStored(stream: StreamClient): Promise<void> {
  await eventually(async () => {
    await runDurableObjectAlarm(stream.object);
    return storedState(stream);
  }).toEqual(NOTHING_STORED);
}

/** Bytes of every value that is stored in a row. */
export async function storedPayloadBytes(stream: StreamClient): Promise<number[]> {
  const { tables } = await storedState(stream);
  return Object.values(tables)
    .flat()
    .flatMap((row) => Object.values(row))
    .filter((value) => value instanceof ArrayBuffer)
    .map((value) => value.byteLength);
}

/** Bytes of each stored row, over all of its columns that hold bytes. */
export async function storedRowBytes(stream: StreamClient): Promise<number[]> {
  const { tables } = await storedState(stream);
  return Object.values(tables)
    .flat()
    .map((row) =>
      Object.values(row).reduce((sum: number, value) => sum + (value instanceof ArrayBuffer ? value.byteLength : 0), 0),
    );
}

/** How many live readers the object has. */
export async function readerCount(stream: StreamClient): Promise<number> {
  return runInDurableObject(stream.object, (_instance, state) => state.getWebSockets().length);
}

/** Makes every statement from the n-th (counted from 1) on that the object executes throw, until the result is called. */
export async function failStatements(stream: StreamClient, n: number): Promise<() => Promise<void>> {
  await runInDurableObject(stream.object, (_instance, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    let count = 0;
    sql.exec = ((query: string, ...bindings: unknown[]) => {
      if (++count >= n) throw new Error(`injected failure of statement ${String(n)}`);
      return exec(query, ...bindings);
    }) as SqlStorage["exec"];
  });
  return async () => {
    await runInDurableObject(stream.object, (_instance, { storage }) => {
      delete (storage.sql as Partial<SqlStorage>).exec;
    });
  };
}

/** Makes every statement throw that is given this very payload to store. */
export async function failPayload(stream: StreamClient, text: string): Promise<void> {
  await runInDurableObject(stream.object, (_instance, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    const decoder = new TextDecoder();
    sql.exec = ((query: string, ...bindings: unknown[]) => {
      const isPoison = bindings.some((value) => value instanceof Uint8Array && decoder.decode(value).includes(text));
      if (isPoison) throw new Error("injected failure of a payload");
      return exec(query, ...bindings);
    }) as SqlStorage["exec"];
  });
}

/** Keeps commits from becoming durable, so that further appends have to wait. The result lets them go on. */
export async function holdCommits(stream: StreamClient): Promise<() => Promise<void>> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await runInDurableObject(stream.object, (_instance, { storage }) => {
    storage.sync = () => released;
  });
  return () =>
    runInDurableObject(stream.object, (_instance, { storage }) => {
      delete (storage as Partial<DurableObjectStorage>).sync;
      release();
    });
}

import { jsonOrNothing, readCheckpoint, requireWritableCheckpoint, writeCheckpoint } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** How far a stream was printed. */
export interface ReadingPosition {
  readonly offset: string;
  /** The beginning of a text line whose end had not come yet, in base64: read, but not printed. */
  readonly held: string;
}

const FORMAT = "durable-streams reading checkpoint 1";

interface Content {
  readonly format: string;
  /** By the streams' URLs: an offset of one stream means nothing in another. */
  readonly streams: Readonly<Record<string, ReadingPosition>>;
}

function refused(file: string, message: string): CommandFailure {
  return new CommandFailure({
    code: "OTHER_CHECKPOINT",
    message: `The checkpoint ${file} ${message}`,
    hint: "Use a checkpoint file for each stream, or delete this one to start over.",
    exitCode: EXIT.conflict,
  });
}

function isContent(value: unknown): value is Content {
  if (typeof value !== "object" || value === null || !("format" in value) || value.format !== FORMAT) return false;
  if (!("streams" in value) || typeof value.streams !== "object" || value.streams === null) return false;
  return Object.values(value.streams as Record<string, unknown>).every(
    (position) =>
      typeof position === "object" &&
      position !== null &&
      "offset" in position &&
      typeof position.offset === "string" &&
      "held" in position &&
      typeof position.held === "string",
  );
}

/** Positions of the streams that a checkpoint was made for; none when the file is not there yet. */
async function load(file: string, urls: readonly string[]): Promise<Map<string, ReadingPosition>> {
  const stored = await readCheckpoint(file);
  if (stored === undefined) return new Map();
  const content = jsonOrNothing(stored.toString());
  if (!isContent(content)) throw refused(file, "is not one of tail's, or it is damaged.");
  const known = new Map(Object.entries(content.streams));
  const other = [...known.keys()].find((url) => !urls.includes(url));
  if (other !== undefined) throw refused(file, `is of another stream: ${other}, not ${urls.join(", ")}.`);
  return known;
}

/**
 * Remembers how far the output got, so that a later run goes on there. It is told a position only after the data before
 * it have left the process, and writes the latest one whenever the previous write is done: a crash can repeat what was
 * printed in that moment, and never leaves anything out.
 */
export class ReadingCheckpoint {
  readonly #file: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #positions: Map<string, ReadingPosition>;
  #writing: Promise<void> | undefined;
  #isDirty = false;

  private constructor(file: string, positions: Map<string, ReadingPosition>, onFailure: (error: unknown) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
    this.#positions = positions;
  }

  /** Refuses a file that cannot be written. `onFailure` hears at once of a save that fails later. */
  static async open(
    file: string,
    urls: readonly string[],
    onFailure: (error: unknown) => void,
  ): Promise<ReadingCheckpoint> {
    await requireWritableCheckpoint(file);
    return new ReadingCheckpoint(file, await load(file, urls), onFailure);
  }

  position(url: string): ReadingPosition | undefined {
    return this.#positions.get(url);
  }

  advance(url: string, offset: string, held: Uint8Array): void {
    const encoded = Buffer.from(held).toString("base64");
    const known = this.#positions.get(url);
    if (known?.offset === offset && known.held === encoded) return;
    this.#positions.set(url, { offset, held: encoded });
    this.#isDirty = true;
    // A failure is kept for flush() too, which every reader awaits at its end.
    if (this.#writing === undefined) this.#write().catch(this.#onFailure);
  }

  /** Waits until the latest position is on disk. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#isDirty) await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writeLatest();
    return this.#writing;
  }

  async #writeLatest(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      const content: Content = { format: FORMAT, streams: Object.fromEntries(this.#positions) };
      await writeCheckpoint(this.#file, [`${JSON.stringify(content)}\n`]);
    }
    this.#writing = undefined;
  }
}

import type { MessageBatch } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";

/** Messages that are committed and that live readers have not been told of yet. */
export interface Announcement {
  readonly start: Position;
  readonly added: readonly MessageBatch[];
}

/** What the commits of a group are to tell: one that fails is committed one by one, and all that comes of it is told at once. */
export class Announcements {
  #announcement: Announcement | undefined;

  add(start: Position, added: readonly MessageBatch[]): void {
    const earlier = this.#announcement;
    this.#announcement = earlier === undefined ? { start, added } : { ...earlier, added: [...earlier.added, ...added] };
  }

  take(): Announcement | undefined {
    const announcement = this.#announcement;
    this.#announcement = undefined;
    return announcement;
  }
}

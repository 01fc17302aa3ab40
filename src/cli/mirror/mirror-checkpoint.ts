import { isCount, isText, objectOf } from "../../client/answer-shape.ts";
import { jsonOrNothing, readCheckpoint, writeCheckpoint } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import type { Anchor } from "../copying/stream-copy.ts";
import { EXIT } from "../exit-codes.ts";

/** What a mirror may go on from. It spares reading again what was compared, and decides nothing: no loss is a harm. */
export interface MirrorCheckpoint {
  readonly source: string;
  readonly target: string;
  readonly producerId: string;
  readonly anchor: Anchor;
}

const FORMAT = "durable-streams mirror checkpoint 1";

const MARK = objectOf({ offset: isText, skip: isCount });
const IS_CHECKPOINT = objectOf({
  format: isText,
  source: isText,
  target: isText,
  producerId: isText,
  anchor: objectOf({ position: isCount, original: MARK, copy: MARK }),
});

function isCheckpoint(value: unknown): value is MirrorCheckpoint & { readonly format: string } {
  return IS_CHECKPOINT(value);
}

function refused(file: string, why: string): CommandFailure {
  return new CommandFailure({
    code: "OTHER_CHECKPOINT",
    message: `The checkpoint ${file} ${why}`,
    hint: "Use a checkpoint file for each mirror, or delete this one: then the copy is compared from its beginning.",
    exitCode: EXIT.conflict,
  });
}

/** Where a mirror may go on; `undefined` where there is no checkpoint yet. One of another mirror is refused. */
export async function readMirrorCheckpoint(
  file: string,
  { source, target, producerId }: Omit<MirrorCheckpoint, "anchor">,
): Promise<Anchor | undefined> {
  const content = await readCheckpoint(file);
  if (content === undefined) return undefined;
  const value = jsonOrNothing(content.toString());
  if (!isCheckpoint(value) || value.format !== FORMAT) throw refused(file, "is not one of mirror's, or it is damaged.");
  if (value.source !== source || value.target !== target) {
    throw refused(file, `is of another mirror: ${value.source} to ${value.target}.`);
  }
  // The source was created again: whether the target is then empty, as it has to be, is looked at.
  return value.producerId === producerId ? value.anchor : undefined;
}

export async function writeMirrorCheckpoint(file: string, checkpoint: MirrorCheckpoint): Promise<void> {
  await writeCheckpoint(file, [`${JSON.stringify({ format: FORMAT, ...checkpoint })}\n`]);
}

import { isOwnFailure, type NamedFailure, STREAMS_AT_ONCE } from "../backup/backup.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { inParallel } from "../inspect/in-parallel.ts";
import { type ManyStreams, namesOf, Targets } from "./mirror-streams.ts";
import {
  type MirrorDifference,
  type MirrorVerification,
  verifyMirror,
  type VerifyMirrorOptions,
} from "./verify-mirror.ts";

export interface VerifyMirrorsOptions extends Omit<VerifyMirrorOptions, "source" | "target">, ManyStreams {
  readonly onDifference: (found: NamedDifference) => Promise<void>;
}

/** A stream whose copy is not what it should be. */
interface NamedDifference {
  readonly stream: string;
  /** The copy's URL. */
  readonly copy: string;
  readonly difference: MirrorDifference;
}

/** How the copies of many streams compare with them. */
export interface MirrorsVerification {
  /** The URLs below which the streams and their copies are. */
  readonly source: string;
  readonly target: string;
  /** Streams that were compared. */
  readonly streams: number;
  /** Of JSON streams, that were compared. */
  readonly messages: number;
  readonly bytes: number;
  readonly differences: readonly NamedDifference[];
  /** Streams that could not be compared. */
  readonly failures: readonly NamedFailure[];
}

/** Compares the streams that there are with their copies, a few at a time. Copies of streams that are no more are not looked at. */
export async function verifyMirrors(options: VerifyMirrorsOptions): Promise<MirrorsVerification> {
  const targets = new Targets(options);
  const one = async (name: string): Promise<{ name: string; done: MirrorVerification } | NamedFailure> => {
    try {
      return { name, done: await verifyMirror({ ...options, ...targets.endsOf(name) }) };
    } catch (error) {
      if (isOwnFailure(error)) return { name, error };
      throw error;
    }
  };
  const differences: NamedDifference[] = [];
  const failures: NamedFailure[] = [];
  let [streams, messages, bytes] = [0, 0, 0];
  for await (const result of inParallel(namesOf(options), STREAMS_AT_ONCE, one)) {
    if ("error" in result) {
      failures.push(result);
      continue;
    }
    const { name, done } = result;
    streams++;
    bytes += done.bytes;
    if (contentKind(done.contentType) === "json") messages += done.position;
    if (done.difference === null) continue;
    const found = { stream: name, copy: done.target, difference: done.difference };
    differences.push(found);
    await options.onDifference(found);
  }
  const { source, target } = options;
  return { source: source.root, target: target.root, streams, messages, bytes, differences, failures };
}

import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** The words for what is copied, and where to: `the backup`, and the target's URL. */
export interface CopyWords {
  readonly original: string;
  readonly target: string;
}

/** The target holds something that no run of this very copy has put there. */
export function notOurs({ target, original }: CopyWords): CommandFailure {
  return new CommandFailure({
    code: "TARGET_NOT_EMPTY",
    message: `${target} is not empty, and it does not know of an earlier run that copied ${original} to it.`,
    hint: "Choose a name that is free. A server may also have forgotten an unfinished copy after some days: then delete it, and begin anew.",
    exitCode: EXIT.conflict,
  });
}

/** The target is no copy, or no longer one. */
export function notACopy({ target, original }: CopyWords, position: number, isLonger: boolean): CommandFailure {
  const where = isLonger
    ? `it goes on after position ${String(position)}, where ${original} ends`
    : `the two differ at position ${String(position)}`;
  return new CommandFailure({
    code: "TARGET_DIFFERS",
    message: `${target} is not a copy of ${original}: ${where}. Nothing was sent.`,
    hint: "Somebody else writes to it, or it is a copy of something else. Choose a name that is free.",
    exitCode: EXIT.conflict,
  });
}

/** Something is in the target that this run has not sent. */
export function otherWriter({ target }: CopyWords, expected: string, found: string): CommandFailure {
  return new CommandFailure({
    code: "TARGET_HAS_OTHER_WRITER",
    message: `${target} ends at ${found} after an append that should have ended at ${expected}: somebody else writes to it.`,
    hint: "A copy is exact only while nobody else writes to it. Stop the other writer, and copy to a name that is free.",
    exitCode: EXIT.conflict,
  });
}

/** The target was closed before everything was in it. */
export function closedEarly({ target, original }: CopyWords): CommandFailure {
  return new CommandFailure({
    code: "TARGET_CLOSED",
    message: `${target} is closed, and lacks a part of ${original}.`,
    hint: "Nothing can be appended to it any more. Choose a name that is free.",
    exitCode: EXIT.closed,
  });
}

/** What was read back is not what was sent. */
export function readBackDiffers({ target, original }: CopyWords, what: string): CommandFailure {
  return new CommandFailure({
    code: "COPY_DIFFERS",
    message: `${target} was read back and is not ${original}: ${what}.`,
    hint: "Do not use it in the place of the original.",
    exitCode: EXIT.verification,
  });
}

/** Some servers parse JSON and write it anew. */
export function readBackRewritten({ target }: CopyWords, rewritten: number): CommandFailure {
  return new CommandFailure({
    code: "COPY_REWRITTEN",
    message: `${target} has everything, but its server has written ${String(rewritten)} JSON message${rewritten === 1 ? "" : "s"} anew: the values are those that JavaScript reads, and the bytes are not the same.`,
    hint: "Digits of large numbers may be lost that way. A server that keeps bytes as they are keeps them.",
    exitCode: EXIT.verification,
  });
}

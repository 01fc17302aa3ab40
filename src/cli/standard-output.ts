import { EXIT } from "./exit-codes.ts";

function isBrokenPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}

const REASONS: Record<string, string> = { ENOSPC: "the disk is full", EIO: "the device failed" };

/**
 * When the reader of stdout goes away (`| head`), the command ends at once and says nothing. When stdout cannot be written
 * for another reason it ends as well, and says why. What cannot be said on stderr is not said.
 */
export function endOnBrokenOutput(): void {
  process.stdout.on("error", (error: Error) => {
    if (isBrokenPipe(error)) process.exit(EXIT.done);
    const code = "code" in error ? String(error.code) : "";
    process.stderr.write(`Error: stdout cannot be written: ${REASONS[code] ?? error.message}.\n`);
    process.exit(EXIT.failure);
  });
  process.stderr.on("error", () => undefined);
}

/** Writes data and waits until the operating system has taken it: the reader's pace becomes ours, and memory stays bounded. */
export function writeOutput(data: Uint8Array | string): Promise<void> {
  if (data.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

/** Waits until everything written so far, here or by others, has left the process. */
export async function flushOutput(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => {
          stream.write("", () => {
            resolve();
          });
        }),
    ),
  );
}

import { EXIT } from "./exit-codes.ts";

function isBrokenPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}

/** When the reader of stdout goes away (`| head`), the command ends at once and says nothing. */
export function endQuietlyOnBrokenPipe(): void {
  process.stdout.on("error", (error: Error) => {
    if (isBrokenPipe(error)) process.exit(EXIT.done);
    throw error;
  });
  process.stderr.on("error", (error: Error) => {
    if (!isBrokenPipe(error)) throw error;
  });
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

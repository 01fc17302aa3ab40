/** What is thrown when somebody did not answer in time. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** Waits for R2 or another object, and gives up when it does not answer: nothing may hang upon it. What was begun may still happen. */
export async function withinTime<T>(patienceMs: number, work: Promise<T>, who = "R2"): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswerError(`${who} did not answer within ${String(patienceMs)} ms`));
    }, patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer ?? null);
  }
}

import type { StartTimings } from "./options.ts";

type Part = Exclude<keyof StartTimings, "totalMs">;

/** Measures the parts of a start. */
export interface Stopwatch {
  measure<T>(part: Part, work: () => Promise<T>): Promise<T>;
  /** Parts that have not ended yet count as 0. */
  read(): StartTimings;
}

export function stopwatch(): Stopwatch {
  const begin = performance.now();
  const parts: Record<Part, number> = { prepareMs: 0, importMs: 0, runtimeMs: 0, firstAnswerMs: 0 };
  return {
    async measure(part, work) {
      const partBegin = performance.now();
      try {
        return await work();
      } finally {
        parts[part] = performance.now() - partBegin;
      }
    },
    read: () => ({ ...parts, totalMs: performance.now() - begin }),
  };
}

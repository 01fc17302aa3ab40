import { vi } from "vitest";

/** Takes what the Worker writes to its error log, which a test that makes it fail expects rather than prints. */
export class ErrorLog {
  readonly #spy = vi.spyOn(console, "error").mockImplementation(() => undefined);

  /** The messages since the last time somebody took them. */
  take(): string[] {
    const messages = this.#spy.mock.calls.map(([error]: unknown[]) =>
      error instanceof Error ? error.message : String(error),
    );
    this.#spy.mockClear();
    return messages;
  }

  [Symbol.dispose](): void {
    this.#spy.mockRestore();
  }
}

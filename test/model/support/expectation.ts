import { isDeepStrictEqual } from "node:util";
import type { Expected } from "./model-answers.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Throws when an answer is not what the model says, with both of them side by side. */
export function compare(answer: Answer, expected: Expected, about: string): void {
  compareToAny(answer, [expected], about);
}

/** Which of the right answers it is; throws when it is none of them. */
export function compareToAny(answer: Answer, allowed: readonly Expected[], about: string): Expected {
  for (const expected of allowed) if (isDeepStrictEqual(inTermsOf(answer, expected), expected)) return expected;
  const answered = allowed.map((expected) => show({ ...inTermsOf(answer, expected), body: answer.body }));
  throw new Error(`${about}\n  expected ${allowed.map(show).join("\n    or ")}\n  answered ${answered[0] ?? ""}`);
}

/** As much of an answer as the model says something about. */
function inTermsOf(answer: Answer, expected: Expected): object {
  const headers = Object.fromEntries(
    Object.keys(expected.headers ?? {}).map((name) => [name, answer.headers[name] ?? null]),
  );
  return {
    status: answer.status,
    ...(expected.headers === undefined ? {} : { headers }),
    ...(expected.body === undefined ? {} : { body: answer.body }),
    ...(expected.code === undefined ? {} : { code: errorCode(answer.body) }),
  };
}

/** The offset that an answer ends with, as a position. */
export function nextOf(answer: Answer): number {
  const offset = answer.headers["stream-next-offset"];
  if (typeof offset !== "string")
    throw new Error(`an answer of ${String(answer.status)} names no next offset: ${answer.body.slice(0, 200)}`);
  return Number(offset.slice(-16));
}

export function errorCode(body: string): string {
  try {
    return (JSON.parse(body) as { error: { code: string } }).error.code;
  } catch {
    return `no error body: ${body.slice(0, 100)}`;
  }
}

function show(expected: object): string {
  const text = JSON.stringify(expected);
  return text.length > 600 ? `${text.slice(0, 600)}... (${String(text.length)} characters)` : text;
}

/** An ETag must stand for one state of one range of one creation of a stream, and that state must have one ETag. */
export class EtagBook {
  readonly #tagOf = new Map<string, string>();
  readonly #stateOf = new Map<string, string>();

  enter(state: string, tag: string): void {
    const known = this.#tagOf.get(state);
    if (known !== undefined && known !== tag) throw new Error(`${state} had the ETag ${known} and now has ${tag}`);
    const other = this.#stateOf.get(tag);
    if (other !== undefined && other !== state) throw new Error(`the ETag ${tag} stands for ${other} and for ${state}`);
    this.#tagOf.set(state, tag);
    this.#stateOf.set(tag, state);
  }

  tags(): string[] {
    return [...this.#stateOf.keys()];
  }

  stateOf(tag: string): string | undefined {
    return this.#stateOf.get(tag);
  }
}

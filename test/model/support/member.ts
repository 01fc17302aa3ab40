import { compare, compareToAny, errorCode, type Answer } from "./expectation.ts";
import { NOT_THERE, STREAM_GONE, type Expected } from "./model-answers.ts";
import { Life, type Standing } from "./model-life.ts";
import type { ModelStream } from "./model-stream.ts";
import type { StreamHttp } from "./stream-http.ts";

/** The answers to a request where no stream is: while forks still need what was there, and when nothing is left. */
export interface Absence {
  readonly gone: Expected;
  readonly missing: Expected;
}

export const ABSENT: Absence = { gone: STREAM_GONE, missing: NOT_THERE };
export const ABSENT_HEAD: Absence = { gone: { status: 410 }, missing: { status: 404 } };
export const ABSENT_SOURCE: Absence = {
  gone: { status: 409, code: "FORK_SOURCE_GONE" },
  missing: { status: 404, code: "FORK_SOURCE_NOT_FOUND" },
};

const HELD: Expected = { status: 409, code: "PATH_HELD_BY_FORKS" };

/** One path of the family: how to reach it, and what the model says is there. */
export class Member {
  /** `project/path`. */
  readonly name: string;
  /** The paths of its URL, which has two shapes in the default project. */
  readonly paths: readonly string[];
  readonly http: StreamHttp;
  #life: Life | undefined;
  #creation = "";

  constructor(name: string, paths: readonly string[], http: StreamHttp) {
    this.name = name;
    this.paths = paths;
    this.http = http;
  }

  get shortName(): string {
    return this.name.slice(this.name.lastIndexOf("/") + 1);
  }

  get standing(): Standing {
    return this.#life?.standing ?? "missing";
  }

  get life(): Life | undefined {
    return this.standing === "missing" ? undefined : this.#life;
  }

  /** The stream, when there is one to read and to write. */
  get stream(): ModelStream | undefined {
    return this.standing === "live" ? this.#life?.stream : undefined;
  }

  /** A name for this creation of the stream, as no other one of any path has it. */
  get creation(): string {
    return this.#creation;
  }

  begin(stream: ModelStream, source: Life | undefined, creation: number): void {
    if (this.standing !== "missing") throw new Error(`${this.name} cannot begin while it is ${this.standing}`);
    this.#life = new Life(stream, source);
    this.#creation = `creation ${String(creation)} (${this.shortName})`;
  }

  /** Compares what was answered where no stream is. What is seen to be missing stays so. */
  compareAbsent(answer: Answer, { gone, missing }: Absence, about: string): void {
    switch (this.standing) {
      case "live":
        throw new Error(`${about}: ${this.name} is live`);
      case "gone":
        compare(answer, gone, about);
        return;
      case "missing":
        compare(answer, missing, about);
        return;
      case "fading":
        if (compareToAny(answer, [gone, missing], about) === missing) this.#life?.settle();
    }
  }

  /** Whether a creation was refused, rightly, because the path is not free yet. */
  isHeld(answer: Answer, about: string): boolean {
    const { standing } = this;
    const isHeld = standing === "gone" || (standing === "fading" && errorCode(answer.body) === HELD.code);
    if (isHeld) compare(answer, HELD, about);
    else if (standing === "fading") this.#life?.settle();
    return isHeld;
  }
}

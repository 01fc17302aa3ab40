import type { Agent } from "undici";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { compare, EtagBook, nextOf, type Answer } from "./expectation.ts";
import type { Expected } from "./model-answers.ts";
import type { Life } from "./model-life.ts";
import type { ModelStream } from "./model-stream.ts";
import { Member } from "./member.ts";
import { StreamHttp } from "./stream-http.ts";

const NAMES = ["a", "b", "c", "d", "e"];

/** A small family of streams on the server and the model of it, and what its operations share. */
export class Run {
  readonly random: SeededRandom;
  readonly members: readonly Member[];
  /** A path where nothing ever is. */
  readonly stranger: Member;
  readonly etags = new EtagBook();
  /** What has been done so far, for the report of a failure. */
  readonly log: string[] = [];
  #creations = 0;

  constructor(random: SeededRandom, server: string, dispatcher: Agent, seed: number) {
    this.random = random;
    const toMember = (name: string): Member => {
      // The default project is named in one shape of the URL and not in the other.
      const isDefault = seed % 2 === 0;
      const path = `stream/run/${String(seed)}/${name}`;
      const paths = isDefault ? [`/v1/${path}`, `/v1/default/${path}`] : [`/v1/model/${path}`];
      const fullName = `${isDefault ? "default" : "model"}/run/${String(seed)}/${name}`;
      return new Member(fullName, paths, new StreamHttp(server, random.pick(paths), fullName, dispatcher));
    };
    this.members = NAMES.map(toMember);
    this.stranger = toMember("stranger");
  }

  get about(): string {
    return this.log.at(-1) ?? "";
  }

  /** Adds to the line about the step that is under way. */
  note(detail: string): void {
    this.log.push(`${this.log.pop() ?? ""} ${detail}`);
  }

  compare(answer: Answer, expected: Expected): void {
    compare(answer, expected, this.about);
  }

  begin(member: Member, stream: ModelStream, source?: Life): void {
    this.#creations++;
    member.begin(stream, source, this.#creations);
  }

  compareCreated(answer: Answer, member: Member, stream: ModelStream): void {
    const { headers, ...created } = stream.created(201);
    this.compare(answer, { ...created, headers: { ...headers, location: member.http.url } });
  }

  /** One that is live and of the kind that is wanted, if any is. */
  pickLive(is: (member: Member) => boolean = () => true): Member | undefined {
    return this.#pickOf((member) => member.standing === "live" && is(member));
  }

  /** One that was deleted and may still be there for its forks, if any is. */
  pickEnded(): Member | undefined {
    return this.#pickOf(({ standing }) => standing === "gone" || standing === "fading");
  }

  /** One whose path is free, if any is. */
  pickMissing(): Member | undefined {
    return this.#pickOf(({ standing }) => standing === "missing");
  }

  pick(): Member {
    return (this.random.chance(0.85) ? this.pickLive() : undefined) ?? this.random.pick(this.members);
  }

  #pickOf(is: (member: Member) => boolean): Member | undefined {
    const members = this.members.filter(is);
    return members.length === 0 ? undefined : this.random.pick(members);
  }

  compareRead(answer: Answer, member: Member, start: number, more: Record<string, string | null> = {}): void {
    const { stream } = member;
    if (stream === undefined) throw new Error("there is nothing to read");
    const { expected, next } = stream.read(start, nextOf(answer));
    const headers = { ...expected.headers, "content-type": stream.config.contentType, ...more };
    this.compare(answer, { ...expected, headers });
    const tag = answer.headers["etag"];
    if (typeof tag === "string") this.etags.enter(rangeState(member, start, next, stream), tag);
  }
}

/** What an ETag stands for: a state of a range of one creation of a stream. */
export function rangeState(member: Member, start: number, next: number, stream: ModelStream): string {
  const end = next < stream.tail ? ", and there is more" : stream.closed ? ", closed" : "";
  return `${member.creation} from ${String(start)} to ${String(next)}${end}`;
}

import { waitUntil } from "cloudflare:workers";
import {
  PROJECT_FRESH_MS,
  PROJECT_PATIENCE_MS,
  PROJECT_RECHECK_MS,
  PROJECT_STALE_MAX_MS,
} from "../../protocol/limits.ts";
import type { ProjectRecord } from "../../protocol/project.ts";
import type { ProjectDO } from "../projects/project-do.ts";
import { readRegistryCopy, recordOf } from "../projects/registry-copy.ts";
import { withinTime } from "../segments/within-time.ts";
import { BoundedMap } from "./bounded-map.ts";

/** Names that strangers make up are kept apart, so that they drive out no project. */
const PROJECTS_MAX = 1000;

/** Where projects are looked up. */
export interface ProjectBindings {
  readonly PROJECTS: DurableObjectNamespace<ProjectDO>;
  readonly REGISTRY: KVNamespace;
}

/** What is known of a project at the moment. */
export interface Known {
  /** `undefined` when there is no such project, or nobody could tell. */
  readonly record: ProjectRecord | undefined;
  /** Whether the last question to the project's object failed, so that there may be more than is known. */
  readonly isFailing: boolean;
}

/** The same, and how long it is good for. All times are Unix milliseconds. */
interface Knowledge extends Known {
  /** The highest version seen, that of a project that is deleted by now included. */
  readonly version: number;
  readonly freshUntilMs: number;
  /** From then on it is worth asking about a key that is not among those known. */
  readonly recheckFromMs: number;
  /** Until then the record goes on while its object does not answer. */
  readonly usableUntilMs: number;
}

interface Question {
  readonly answer: Promise<Knowledge>;
  readonly givenUpAtMs: number;
}

const NOTHING: Knowledge = {
  record: undefined,
  isFailing: false,
  version: 0,
  freshUntilMs: 0,
  recheckFromMs: 0,
  usableUntilMs: 0,
};

/** The object's time, and KV's after it. */
const QUESTION_MAX_MS = 2 * PROJECT_PATIENCE_MS;

/**
 * What this isolate knows of projects. It is used for `PROJECT_FRESH_MS`; then the project's object is asked, by one
 * question at a time for a project. While the object fails, KV's copy counts, unless more is known already, and what is
 * known goes on. Nothing here ever lets anybody in: without a record there are no keys.
 */
export class ProjectKeys {
  readonly #projects = new BoundedMap<string, Knowledge>(PROJECTS_MAX);
  readonly #strangers = new BoundedMap<string, Knowledge>(PROJECTS_MAX);
  readonly #questions = new Map<string, Question>();

  /** What is known of a project, asked for if it is not fresh. */
  async current(name: string, env: ProjectBindings): Promise<Known> {
    const known = this.#known(name);
    const nowMs = Date.now();
    if (nowMs < known.freshUntilMs) return usable(known, nowMs);
    const asked = this.#ask(name, env);
    // During an outage nobody has to wait who can do without the answer.
    const isOutage = known.isFailing && nowMs < known.recheckFromMs + PROJECT_FRESH_MS;
    const meanwhile = usable(known, nowMs);
    if (isOutage && meanwhile.record !== undefined) return meanwhile;
    return usable(await this.#wait(name, asked), Date.now());
  }

  /** What is known of a project where that did not do: there may be news. Asked for unless that just happened. */
  async recheck(name: string, env: ProjectBindings): Promise<Known> {
    const known = this.#known(name);
    const nowMs = Date.now();
    if (nowMs < known.recheckFromMs) return usable(known, nowMs);
    return usable(await this.#wait(name, this.#ask(name, env)), Date.now());
  }

  #known(name: string): Knowledge {
    return this.#projects.get(name) ?? this.#strangers.get(name) ?? NOTHING;
  }

  #ask(name: string, env: ProjectBindings): Promise<Knowledge> {
    const nowMs = Date.now();
    const underWay = this.#questions.get(name);
    if (underWay !== undefined && nowMs < underWay.givenUpAtMs) return underWay.answer;
    const answer = this.#question(name, env, nowMs);
    const question = { answer, givenUpAtMs: nowMs + QUESTION_MAX_MS };
    this.#questions.set(name, question);
    const settled = answer.then(() => {
      if (this.#questions.get(name) === question) this.#questions.delete(name);
    });
    // The request that asks may end before the answer comes, and others wait for it.
    waitUntil(settled);
    return answer;
  }

  /** Waits for a question that another request may have asked, whose end nobody can count on. */
  async #wait(name: string, answer: Promise<Knowledge>): Promise<Knowledge> {
    return withinTime(QUESTION_MAX_MS, answer, name).catch(() => ({ ...this.#known(name), isFailing: true }));
  }

  /** Asks, and keeps what comes of it. Never rejects. */
  async #question(name: string, env: ProjectBindings, askedAtMs: number): Promise<Knowledge> {
    try {
      const asked = (async () => env.PROJECTS.getByName(name).record(name))();
      const record = await withinTime(PROJECT_PATIENCE_MS, asked, `The object of the project ${name}`);
      return this.#keep(name, answered(record, this.#known(name), askedAtMs));
    } catch (error) {
      console.error(error);
      const copy = await readCopy(name, env.REGISTRY);
      return this.#keep(name, failing(copy, this.#known(name), Date.now()));
    }
  }

  #keep(name: string, knowledge: Knowledge): Knowledge {
    const [home, other] =
      knowledge.record === undefined ? [this.#strangers, this.#projects] : [this.#projects, this.#strangers];
    other.delete(name);
    home.set(name, knowledge);
    return knowledge;
  }
}

/** What nobody has confirmed for too long does not count any more. */
function usable(known: Knowledge, nowMs: number): Known {
  const { record, isFailing } = known;
  return { record: nowMs < known.usableUntilMs ? record : undefined, isFailing };
}

/** The object is the truth. It was asked at `askedAtMs`: what changed after that may be missing. */
function answered(record: ProjectRecord | undefined, before: Knowledge, askedAtMs: number): Knowledge {
  // Nobody waits for a question for that long: a later one may have been answered already.
  if (before.freshUntilMs > askedAtMs + PROJECT_FRESH_MS) return before;
  return {
    record,
    isFailing: false,
    version: record?.version ?? before.version,
    freshUntilMs: askedAtMs + PROJECT_FRESH_MS,
    recheckFromMs: askedAtMs + PROJECT_RECHECK_MS,
    usableUntilMs: askedAtMs + PROJECT_STALE_MAX_MS,
  };
}

function failing(copy: ProjectRecord | undefined, before: Knowledge, nowMs: number): Knowledge {
  const again = nowMs + PROJECT_RECHECK_MS;
  const failed = { ...before, isFailing: true, freshUntilMs: again, recheckFromMs: again };
  // A project that is known to be deleted must not come back by its old copy.
  const isNews =
    copy !== undefined &&
    (before.record === undefined ? copy.version > before.version : copy.version >= before.version);
  return isNews
    ? { ...failed, record: copy, version: copy.version, usableUntilMs: nowMs + PROJECT_STALE_MAX_MS }
    : failed;
}

async function readCopy(name: string, registry: KVNamespace): Promise<ProjectRecord | undefined> {
  try {
    const copy = await withinTime(PROJECT_PATIENCE_MS, readRegistryCopy(registry, name), "KV");
    return copy === undefined ? undefined : await recordOf(copy, name, Date.now());
  } catch (error) {
    console.error(error);
    return undefined;
  }
}

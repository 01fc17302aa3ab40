import { RESERVED_SEGMENT } from "../protocol/path.ts";
import type { ProjectSettings, SettingsChange } from "../protocol/project.ts";
import { answerError } from "./answer-error.ts";
import { isCount, isText, isTime, isWord, listOf, nullable, objectOf, optional } from "./answer-shape.ts";
import { isClientError, type ClientError } from "./errors/client-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { NoOperatorApiError } from "./errors/no-operator-api-error.ts";
import { type Certainty, withKnownOutcome } from "./known-outcome.ts";
import { readJson } from "./read-json.ts";
import type { RetryOptions } from "./retry.ts";
import type { Answer, Request, Transport } from "./transport.ts";

/** A signing key as the server tells of it: never its secret. Times are Unix milliseconds. */
export interface KeyFacts {
  readonly kid: string;
  readonly state: "active" | "retiring";
  readonly createdAtMs: number;
  readonly retiresAtMs?: number | undefined;
}

/** What the server tells of a project. */
export interface ProjectFacts extends ProjectSettings {
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: number;
  /** The one that signs comes first. */
  readonly keys: readonly KeyFacts[];
}

interface ProjectPage {
  readonly projects: readonly ProjectFacts[];
  readonly cursor?: string | null;
}

const KEY = objectOf({
  kid: isWord,
  state: (value) => value === "active" || value === "retiring",
  createdAtMs: isTime,
  retiresAtMs: optional(isTime),
});

const PROJECT = objectOf({
  name: isWord,
  version: isCount,
  createdAtMs: isTime,
  corsOrigins: listOf(isWord),
  bodyMaxBytes: optional(isCount),
  readersMax: optional(isCount),
  streamsMax: optional(isCount),
  keys: listOf(KEY),
});

const ANSWER = objectOf({ project: PROJECT });
const PAGE = objectOf({ projects: listOf(PROJECT), cursor: optional(nullable(isText)) });

/** A page of a hundred projects with all the keys and origins that they may have takes less. */
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;

/** A server that does not get on with a list is not asked for ever. */
const PAGES_MAX = 10_000;

const NOT_SERVED = new Set([404, 405, 501]);
/** What our own server, without projects, says of such URLs. */
const NO_ROUTE = new Set(["ROUTE_NOT_FOUND", "RESERVED_PATH"]);

type Ask = Pick<Request, "method"> & {
  /** Below `/v1/__ds/projects`. */
  readonly path?: string;
  readonly body?: object;
  /** What is being done, to begin a sentence with: `Creating the project "shop" at`. */
  readonly doing: string;
  /** Statuses that are a success. */
  readonly good?: readonly number[];
};

/**
 * The projects of one of our servers, through its operator API. Every call is harmless when repeated (a new key is told
 * apart by its secret, which the caller makes), so each is repeated while the server cannot be reached. Throws a
 * `ClientError`; `NoOperatorApiError` where there is no such API. `isOutcomeUnknown` tells of a thrown error whether the
 * server may have done it all the same.
 */
export class ProjectsClient {
  readonly #transport: Transport;
  readonly #root: string;
  readonly #retry: RetryOptions;

  /** `server` is a URL of which the origin counts. */
  constructor(transport: Transport, server: string, retry: RetryOptions = {}) {
    this.#transport = transport;
    this.#root = `${new URL(server).origin}/v1/${RESERVED_SEGMENT}/projects`;
    this.#retry = retry;
  }

  /** All projects, by name. */
  async *list(): AsyncGenerator<ProjectFacts> {
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const path = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const page: ProjectPage = await this.#json({ method: "GET", path, doing: "Listing the projects at" }, isPage);
      yield* page.projects;
      if (page.cursor === undefined || page.cursor === null || page.cursor === cursor) return;
      cursor = page.cursor;
    }
  }

  show(name: string): Promise<ProjectFacts> {
    return this.#project({ method: "GET", path: below(name), doing: `Looking at the project ${named(name)} at` });
  }

  /** The same, or `undefined` where there is no such project. */
  async find(name: string): Promise<ProjectFacts | undefined> {
    try {
      return await this.show(name);
    } catch (error) {
      if (isClientError(error) && error.code === "PROJECT_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Creates a project; one that is there already with this very key is a success too. */
  async create(
    name: string,
    secret: string,
    settings: SettingsChange,
  ): Promise<{ readonly project: ProjectFacts; readonly created: boolean }> {
    let created = false;
    const doing = `Creating the project ${named(name)} at`;
    const project = await this.#project({ method: "POST", body: { name, secret, settings }, doing }, ({ status }) => {
      created = status === 201;
    });
    return { project, created };
  }

  /** What the change leaves out stays as it is. */
  update(name: string, settings: SettingsChange): Promise<ProjectFacts> {
    const doing = `Changing the project ${named(name)} at`;
    return this.#project({ method: "PATCH", path: below(name), body: { settings }, doing });
  }

  /** Its streams stay, and nobody reaches them until there is a project of that name again. */
  async delete(name: string): Promise<void> {
    const ask: Ask = { method: "DELETE", path: below(name), doing: `Deleting the project ${named(name)} at` };
    await this.#ask(ask, async (answer, tried) => {
      if (answer.status === 204) return;
      const error = await this.#error(ask, answer);
      // An earlier try may have deleted it, and its answer got lost.
      if (error.code !== "PROJECT_NOT_FOUND" || tried.certain) throw error;
    });
  }

  /** Makes a key the one that signs; those before it go on for so long. 0 revokes them at once. */
  rotate(name: string, secret: string, overlapSeconds: number | undefined): Promise<ProjectFacts> {
    const body = { secret, ...(overlapSeconds === undefined ? {} : { overlapSeconds }) };
    const doing = `Rotating the key of the project ${named(name)} at`;
    return this.#project({ method: "POST", path: `${below(name)}/keys`, body, doing });
  }

  /** Retires every key but the one that signs. */
  finish(name: string): Promise<ProjectFacts> {
    const doing = `Retiring the old keys of the project ${named(name)} at`;
    return this.#project({ method: "DELETE", path: `${below(name)}/keys`, doing });
  }

  async #project(ask: Ask, seen: (answer: Answer) => void = () => undefined): Promise<ProjectFacts> {
    const { project } = await this.#json(ask, isProjectAnswer, seen);
    return project;
  }

  #json<T>(ask: Ask, isExpected: (value: unknown) => value is T, seen?: (answer: Answer) => void): Promise<T> {
    return this.#ask(ask, async (answer) => {
      if (answer.status !== 200 && answer.status !== 201) throw await this.#error(ask, answer);
      const value = await readJson(answer, ANSWER_MAX_BYTES);
      if (value === undefined) throw this.#noApi(answer.status);
      if (!isExpected(value)) throw this.#unexpected(ask);
      seen?.(answer);
      return value;
    });
  }

  #ask<T>({ method, path = "", body }: Ask, take: (answer: Answer, tried: Certainty) => Promise<T>): Promise<T> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = bytes === undefined ? {} : { "content-type": "application/json" };
    const url = `${this.#root}${path}`;
    return withKnownOutcome(
      async (tried) => take(await this.#transport.send({ method, url, headers, body: bytes }), tried),
      this.#retry,
    );
  }

  async #error({ doing }: Ask, answer: Answer): Promise<ClientError> {
    const { origin } = new URL(this.#root);
    const error = await answerError(answer, origin, doing);
    const isForeign = NOT_SERVED.has(answer.status) && (!error.explained || NO_ROUTE.has(error.code));
    return isForeign ? this.#noApi(answer.status) : error;
  }

  #noApi(status: number): NoOperatorApiError {
    const { origin } = new URL(this.#root);
    const message = `Projects need a durable-streams server and its operator API, and ${origin} has none.`;
    return new NoOperatorApiError({ url: origin, status, code: "NO_OPERATOR_API", message });
  }

  #unexpected({ doing }: Ask): MalformedAnswerError {
    const { origin } = new URL(this.#root);
    const message = `${doing} ${origin} got an answer that lacks what this version of the command needs.`;
    return new MalformedAnswerError({ url: origin, code: "UNEXPECTED_ANSWER", message });
  }
}

function isProjectAnswer(value: unknown): value is { readonly project: ProjectFacts } {
  return ANSWER(value);
}

function isPage(value: unknown): value is ProjectPage {
  return PAGE(value);
}

function below(name: string): string {
  return `/${encodeURIComponent(name)}`;
}

function named(name: string): string {
  return JSON.stringify(name);
}

import { env } from "cloudflare:workers";
import type { ErrorCode } from "../../../../src/protocol/errors.ts";
import { newSecret } from "../../../../src/protocol/secret.ts";
import type { ProjectDO } from "../../../../src/worker/projects/project-do.ts";
import { errorCode, sendTo, type Send } from "../../support/stream-client.ts";
import { bearer, HOST } from "./guarded-server.ts";
import { operatorToken } from "./tokens.ts";

/** Made anew at every run. */
export const OPERATOR_SECRET = newSecret("operator");

/** The header of an operator's request. */
export async function operatorBearer(secret = OPERATOR_SECRET): Promise<{ readonly Authorization: string }> {
  return bearer(await operatorToken(HOST, secret));
}

interface KeyFacts {
  readonly kid: string;
  readonly state: string;
  readonly createdAtMs: number;
  readonly retiresAtMs?: number;
}

export interface ProjectFacts {
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly corsOrigins: readonly string[];
  readonly bodyMaxBytes?: number;
  readonly readersMax?: number;
  readonly keys: readonly KeyFacts[];
}

interface Answer {
  readonly project: ProjectFacts;
  readonly secret?: string;
}

/** The operator API of a Worker that has an operator secret, asked with a token. */
export class Operator {
  readonly send: Send;

  constructor(bindings: Readonly<Record<string, unknown>> = {}) {
    this.send = sendTo({}, { OPERATOR_SECRET, ...bindings });
  }

  /** `path` lies below `/v1/__ds`. A body that is no text is sent as JSON. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    return this.send(`/v1/__ds${path}`, { method, headers: { ...(await operatorBearer()), ...headers }, body: sent });
  }

  /** Asks what must succeed. */
  async do(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.ask(method, path, body);
    if (!answer.ok) throw new Error(`${method} ${path} answered ${String(answer.status)}: ${await answer.text()}`);
    return answer.json<Answer>();
  }

  /** Creates a project, with a secret that the server makes. */
  async create(name: string): Promise<Required<Answer>> {
    const { project, secret } = await this.do("POST", "/projects", { name });
    if (secret === undefined) throw new Error("no secret came with a new project");
    return { project, secret };
  }

  /** All names in the list, page by page. */
  async names(limit?: number): Promise<string[]> {
    const names: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = new URLSearchParams({
        ...(cursor === "" ? {} : { cursor }),
        ...(limit === undefined ? {} : { limit: String(limit) }),
      });
      const answer = await this.ask("GET", `/projects?${query.toString()}`);
      const page: { projects: ProjectFacts[]; cursor: string | null } = await answer.json();
      names.push(...page.projects.map(({ name }) => name));
      ({ cursor } = page);
    }
    return names;
  }
}

/** Status and code of an error. */
export async function refusal(answer: Response): Promise<readonly [number, ErrorCode]> {
  return [answer.status, (await errorCode(answer)) as ErrorCode];
}

let names = 0;

/** A project name that no other test of the run has. */
export function freshProject(hint = "project"): string {
  return `${hint}-${String(++names)}-${crypto.randomUUID()}`;
}

/** The object of a project. A new stub each time: one that saw its object fail stays broken. */
export function projectObject(name: string): DurableObjectStub<ProjectDO> {
  return env.PROJECTS.getByName(name);
}

import { env } from "cloudflare:workers";
import { newSecret } from "../../../../src/protocol/secret.ts";
import { projectJwtAuth } from "../../../../src/worker/create-stream-worker.ts";
import { freshName, ORIGIN, sendTo, type RequestOptions, type Send } from "../../support/stream-client.ts";
import { operatorToken, projectToken, type TokenChange } from "./tokens.ts";

export const HOST = new URL(ORIGIN).host;

/** A project and the secret that signs for it. */
export interface KnownProject {
  readonly name: string;
  readonly secret: string;
}

/** The shipped Worker with an operator secret of its own. */
export class GuardedServer {
  readonly operatorSecret = newSecret("operator");
  readonly send: Send;

  constructor(bindings: Readonly<Record<string, unknown>> = {}) {
    this.send = sendTo(projectJwtAuth(), { OPERATOR_SECRET: this.operatorSecret, ...bindings });
  }

  operatorToken(change?: TokenChange): Promise<string> {
    return operatorToken(HOST, this.operatorSecret, change);
  }

  /** Asks as an operator, with a body of JSON where there is one. */
  async operate(path: string, method = "GET", body?: object): Promise<Response> {
    const options = { method, headers: bearer(await this.operatorToken()), ...json(body) };
    return this.send(`/v1/__ds${path}`, options);
  }

  async createProject(
    name = freshName("project")
      .replaceAll(/[^\w-]/g, "-")
      .slice(0, 64),
  ): Promise<KnownProject> {
    const secret = newSecret("project");
    const answer = await this.operate("/projects", "POST", { name, secret });
    if (!answer.ok) throw new Error(`creating a project answered ${String(answer.status)}: ${await answer.text()}`);
    return { name, secret };
  }

  /** Creates a stream of a project with one message, `1`. */
  async createStream({ name, secret }: KnownProject, path: string, query = ""): Promise<void> {
    const headers = { ...bearer(await projectToken(name, secret)), "Content-Type": "application/json" };
    const answer = await this.send(`/v1/${name}/stream/${path}${query}`, { method: "PUT", headers, body: "1" });
    if (answer.status !== 201) throw new Error(`creating a stream answered ${String(answer.status)}`);
  }
}

export function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

export function json(body: object | undefined): Pick<RequestOptions, "body"> {
  return body === undefined ? {} : { body: JSON.stringify(body) };
}

/** What a stream's object knows of the stream, however it is guarded. */
export async function streamState(name: string): Promise<unknown> {
  return env.STREAMS.getByName(name).head();
}

// The operator API of projects as far as the commands ask for it, with a memory of its own, which loses answers or hangs
// where a test wants it: real servers do not on request.
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { jwtVerify } from "jose";
import { errorBody, errorStatus, protocolError, type ErrorCode } from "../../../../src/protocol/errors.ts";
import {
  acceptedKeys,
  changeSettings,
  type ProjectRecord,
  retireOldKeys,
  rotateKeys,
  type SettingsChange,
} from "../../../../src/protocol/project.ts";
import { keyId } from "../../../../src/protocol/secret.ts";
import { startScripted, type ScriptedServer } from "../../../support/scripted-server.ts";

/** What happens to a request: it is answered, done without an answer, or neither done nor answered. */
type Fate = "answered" | "lost" | "hung";

export interface ProjectServer extends ScriptedServer {
  readonly records: Map<string, ProjectRecord>;
  /** Of the requests that change something; answered unless a test says otherwise. */
  fate: (request: string) => Fate;
  /** Resolves when a request was left hanging. */
  readonly hanging: Promise<undefined>;
}

interface Body {
  readonly name?: string;
  readonly secret?: string;
  readonly settings?: SettingsChange;
  readonly overlapSeconds?: number;
}

/** With an operator's secret it lets in only tokens that were signed with that, for this very server. */
export async function startProjectServer(operatorSecret?: string): Promise<ProjectServer> {
  const records = new Map<string, ProjectRecord>();
  const { promise: hanging, resolve: hangs } = Promise.withResolvers<undefined>();
  const server = await startScripted(async (request, response, bytes) => {
    const fate = request.method === "GET" ? "answered" : state.fate(`${request.method ?? ""} ${request.url ?? ""}`);
    if (fate === "hung") {
      hangs(undefined);
      return;
    }
    const isLetIn = operatorSecret === undefined || (await isOperator(request, operatorSecret));
    const [status, body] = isLetIn ? await answerTo(records, request, bytes) : refusal("TOKEN_KIND");
    if (fate === "lost") request.socket.destroy();
    else end(response, status, body);
  });
  const state: ProjectServer = { ...server, records, hanging, fate: () => "answered" };
  return state;
}

async function isOperator({ headers }: IncomingMessage, secret: string): Promise<boolean> {
  const { authorization = "", host = "" } = headers;
  const options = { algorithms: ["HS256"], typ: "ds-operator+jwt", maxTokenAge: "5 min" };
  const key = new TextEncoder().encode(secret);
  return jwtVerify(authorization.replace(/^Bearer /, ""), key, options).then(
    ({ payload: { aud } }) => Array.isArray(aud) && aud.includes("durable-streams-operator") && aud.includes(host),
    () => false,
  );
}

type Outcome = readonly [status: number, body: string];

async function answerTo(
  records: Map<string, ProjectRecord>,
  { method = "", url = "" }: IncomingMessage,
  bytes: Buffer,
): Promise<Outcome> {
  const body = bytes.byteLength === 0 ? {} : (JSON.parse(bytes.toString()) as Body);
  const [, named = "", rest = ""] = /^\/v1\/__ds\/projects\/?([^/?]*)(\/keys)?$/.exec(url) ?? [];
  const name = decodeURIComponent(named);
  if (name === "") return method === "GET" ? list(records) : create(records, body);
  const record = records.get(name);
  if (record === undefined) return refusal("PROJECT_NOT_FOUND");
  if (method === "DELETE" && rest === "") {
    records.delete(name);
    return [204, ""];
  }
  if (method === "GET") return [200, shown(record)];
  const changed = await changedRecord(record, method, rest === "/keys", body);
  records.set(name, changed);
  return [200, shown(changed)];
}

async function changedRecord(
  record: ProjectRecord,
  method: string,
  ofKeys: boolean,
  body: Body,
): Promise<ProjectRecord> {
  const version = record.version + 1;
  const nowMs = Date.now();
  if (!ofKeys) {
    const { name, createdAtMs, keys } = record;
    return { name, createdAtMs, keys, ...changeSettings(record, body.settings ?? {}), version };
  }
  if (method === "DELETE") return { ...record, keys: retireOldKeys(record.keys, nowMs), version };
  const { secret = "", overlapSeconds = 604_800 } = body;
  const added = { kid: await keyId(secret), secret, createdAtMs: nowMs };
  const keys = rotateKeys(record.keys, added, overlapSeconds * 1000, nowMs);
  if (!keys.ok) throw new Error(keys.error.message);
  return { ...record, keys: keys.value, version };
}

function list(records: Map<string, ProjectRecord>): Outcome {
  return [200, JSON.stringify({ projects: [...records.values()].map(facts), cursor: null })];
}

async function create(records: Map<string, ProjectRecord>, body: Body): Promise<Outcome> {
  const { name = "", secret = "", settings = {} } = body;
  const kid = await keyId(secret);
  const there = records.get(name);
  const wanted = changeSettings({ corsOrigins: [] }, settings);
  if (there !== undefined) {
    const isSame = isDeepStrictEqual(changeSettings(there, {}), wanted);
    return isSame && there.keys[0]?.kid === kid ? [200, shown(there)] : refusal("PROJECT_EXISTS");
  }
  const nowMs = Date.now();
  const keys = [{ kid, secret, createdAtMs: nowMs }];
  const record = { ...wanted, name, version: 1, createdAtMs: nowMs, keys };
  records.set(name, record);
  return [201, shown(record)];
}

function shown(record: ProjectRecord): string {
  return JSON.stringify({ project: facts(record) });
}

/** A record without its secrets. */
function facts(record: ProjectRecord): object {
  const keys = acceptedKeys(record, Date.now()).map(({ kid, createdAtMs, retiresAtMs }) => ({
    kid,
    state: retiresAtMs === undefined ? "active" : "retiring",
    createdAtMs,
    retiresAtMs,
  }));
  return { ...record, keys };
}

function refusal(code: ErrorCode): Outcome {
  return [errorStatus(code), errorBody(protocolError(code, `It is ${code}.`))];
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

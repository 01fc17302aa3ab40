// Walks every route and every method with every credential that does not belong there.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { ControlTarget } from "../../../src/worker/edge/control/control-route.ts";
import { OPERATIONS } from "../../../src/worker/edge/handle-stream.ts";
import type { OperatorRoute } from "../../../src/worker/edge/operator/operator-route.ts";
import { STREAM_SUBJECTS } from "../../../src/worker/edge/operator/stream-subjects.ts";
import type { Route } from "../../../src/worker/edge/route.ts";
import { newSecret } from "../../../src/protocol/secret.ts";
import { freshName } from "../support/stream-client.ts";
import { bearer, GuardedServer, HOST, json, streamState, type KnownProject } from "./support/guarded-server.ts";
import {
  compact,
  hmac,
  noSignature,
  nowSeconds,
  operatorToken,
  projectToken,
  rsa,
  type Sign,
} from "./support/tokens.ts";

/** One request of the table. */
interface Walked {
  readonly method: string;
  /** Behind `/v1`. */
  readonly path: (there: Fixture) => string;
  readonly body?: (there: Fixture) => object;
  /** What it answers to who may. */
  readonly succeeds: number;
}

/** What the routes lead to: a project with two keys, and a stream in it, and a subscription. */
interface Fixture extends KnownProject {
  /** The path of a stream with one message. */
  readonly stream: string;
  /** The id of a pull-wake subscription that is linked to the stream and has nothing to do. */
  readonly subscription: string;
  /** A key that still is accepted and does not sign. */
  readonly retiringKid: string;
}

const inStream = ({ name, stream }: Fixture): string => `/${name}/stream/${stream}`;
const inShortForm = ({ stream }: Fixture): string => `/stream/${stream}`;
const beside = ({ name, stream }: Fixture): string => `/${name}/stream/${stream}-new`;
const besideInShortForm = ({ stream }: Fixture): string => `/stream/${stream}-new`;
const live = (path: (there: Fixture) => string, mode: string) => (there: Fixture) =>
  `${path(there)}?offset=-1&live=${mode}`;

/** What can be done with a stream, and whether it only reads. */
const STREAM_METHODS: Readonly<Record<string, "read" | "mutation">> = {
  GET: "read",
  HEAD: "read",
  PUT: "mutation",
  POST: "mutation",
  DELETE: "mutation",
};

const STREAM_READS: readonly Walked[] = [inStream, inShortForm].flatMap((path) => [
  { method: "GET", path, succeeds: 200 },
  { method: "GET", path: live(path, "long-poll"), succeeds: 200 },
  { method: "GET", path: live(path, "sse"), succeeds: 200 },
  { method: "HEAD", path, succeeds: 200 },
]);

const message = (): object => ({ n: 2 });
const STREAM_MUTATIONS: readonly Walked[] = [
  ...[inStream, inShortForm].flatMap((path) => [
    { method: "PUT", path, succeeds: 200 },
    { method: "POST", path, body: message, succeeds: 204 },
    { method: "DELETE", path, succeeds: 204 },
  ]),
  { method: "PUT", path: beside, body: message, succeeds: 201 },
  { method: "PUT", path: besideInShortForm, body: message, succeeds: 201 },
];

/** What a project's control API is reached by: both forms of its URL. */
const CONTROL_ROOTS = [({ name }: Fixture) => `/${name}/stream/__ds`, () => "/stream/__ds"] as const;

const pullWake = ({ stream }: Fixture): object => ({
  type: "pull-wake",
  streams: [stream],
  wake_stream: `${stream}-wake`,
});

/** What asks the project's authorisation on the control API, by kind of route; the compiler asks for a line when one is added. */
const CONTROL: Readonly<
  Record<
    Exclude<ControlTarget["about"], "jwks" | "wake">,
    readonly (Walked & { readonly access: "read" | "mutation" })[]
  >
> = {
  streams: [{ access: "read", method: "GET", path: () => "/streams", succeeds: 200 }],
  "signing-key": [{ access: "mutation", method: "POST", path: () => "/signing-key/rotate", succeeds: 200 }],
  subscriptions: [{ access: "read", method: "GET", path: () => "/subscriptions", succeeds: 200 }],
  subscription: [
    { access: "read", method: "GET", path: inSubscription(""), succeeds: 200 },
    { access: "mutation", method: "PUT", path: inSubscription(""), body: pullWake, succeeds: 200 },
    { access: "mutation", method: "PUT", path: inSubscription("-new"), body: pullWake, succeeds: 201 },
    { access: "mutation", method: "DELETE", path: inSubscription(""), succeeds: 204 },
  ],
  membership: [
    {
      access: "mutation",
      method: "POST",
      path: inSubscription("/streams"),
      body: ({ stream }) => ({ streams: [`${stream}-more`] }),
      succeeds: 204,
    },
  ],
  member: [
    {
      access: "mutation",
      method: "DELETE",
      path: (there) => `${inSubscription("/streams")(there)}/${there.stream}`,
      succeeds: 204,
    },
  ],
  // There is nothing to do.
  claim: [
    {
      access: "mutation",
      method: "POST",
      path: inSubscription("/claim"),
      body: () => ({ worker: "w" }),
      succeeds: 409,
    },
  ],
};

function inSubscription(rest: string) {
  return ({ subscription }: Fixture): string => `/subscriptions/${subscription}${rest}`;
}

/** Routes of the control API in both forms of their URL. */
function control(routes: readonly Walked[]): Walked[] {
  return CONTROL_ROOTS.flatMap((root) =>
    routes.map((route) => ({ ...route, path: (there: Fixture) => `${root(there)}${route.path(there)}` })),
  );
}

const CONTROLLED = Object.values(CONTROL).flat();
const CONTROL_READS = control(CONTROLLED.filter(({ access }) => access === "read"));
const CONTROL_MUTATIONS = control(CONTROLLED.filter(({ access }) => access === "mutation"));

/** What is for everybody. */
const CONTROL_OPEN = control([{ method: "GET", path: () => "/jwks.json", succeeds: 200 }]);

/** What asks for the token of a wake, and for nothing else. */
const WAKES = control(
  (["callback", "ack", "release"] as const).map((action) => ({
    method: "POST",
    path: inSubscription(`/${action}`),
    body: () => ({ wake_id: "w", generation: 1 }),
    succeeds: 409,
  })),
);

/** Every subject of the operator API about a stream. */
const SUBJECTS: Readonly<Record<keyof typeof STREAM_SUBJECTS, { readonly method: string; readonly succeeds: number }>> =
  {
    inspect: { method: "GET", succeeds: 200 },
    segments: { method: "GET", succeeds: 200 },
    segment: { method: "GET", succeeds: 404 },
    objects: { method: "GET", succeeds: 200 },
    sweep: { method: "POST", succeeds: 200 },
  };

const rotation = (): object => ({ secret: newSecret("project"), overlapSeconds: 0 });

/** The operator routes of every kind: the compiler asks for a line when a kind is added. */
const OPERATOR_ROUTES: Readonly<Record<OperatorRoute["about"], readonly Walked[]>> = {
  health: [{ method: "GET", path: () => "/__ds/health", succeeds: 200 }],
  metrics: [{ method: "GET", path: () => "/__ds/metrics", succeeds: 200 }],
  projects: [
    { method: "GET", path: () => "/__ds/projects", succeeds: 200 },
    {
      method: "POST",
      path: () => "/__ds/projects",
      body: ({ name }) => ({ name: `${name}-new`, secret: newSecret("project") }),
      succeeds: 201,
    },
  ],
  project: [
    { method: "GET", path: ({ name }) => `/__ds/projects/${name}`, succeeds: 200 },
    {
      method: "PATCH",
      path: ({ name }) => `/__ds/projects/${name}`,
      body: () => ({ settings: { corsOrigins: ["*"] } }),
      succeeds: 200,
    },
    { method: "DELETE", path: ({ name }) => `/__ds/projects/${name}`, succeeds: 204 },
  ],
  keys: [
    { method: "POST", path: ({ name }) => `/__ds/projects/${name}/keys`, body: rotation, succeeds: 201 },
    { method: "DELETE", path: ({ name }) => `/__ds/projects/${name}/keys`, succeeds: 200 },
  ],
  key: [
    {
      method: "DELETE",
      path: ({ name, retiringKid }) => `/__ds/projects/${name}/keys/${retiringKid}`,
      succeeds: 200,
    },
  ],
  stream: Object.entries(SUBJECTS).map(([subject, { method, succeeds }]) => ({
    method,
    path: ({ name, stream }) => `/__ds/streams/${name}/${subject}/${stream}`,
    succeeds,
  })),
};

/** Who is asked for what on the routes of every kind: the compiler asks for a line when a kind is added. */
const ROUTES: Readonly<
  Record<Route["kind"], { readonly asks: "nobody" | "project" | "operator"; readonly walked: readonly Walked[] }>
> = {
  health: {
    asks: "nobody",
    walked: ["GET", "HEAD"].map((method) => ({ method, path: () => "/health", succeeds: 200 })),
  },
  stream: { asks: "project", walked: [...STREAM_READS, ...STREAM_MUTATIONS] },
  control: { asks: "project", walked: [...CONTROL_READS, ...CONTROL_MUTATIONS, ...CONTROL_OPEN, ...WAKES] },
  operator: { asks: "operator", walked: Object.values(OPERATOR_ROUTES).flat() },
};

let server: GuardedServer;
/** The project of the short form of URLs, on whose routes nobody gets in. */
let walked: Fixture;
let other: KnownProject;
let retired: string;
let rs256: Sign;

/** A project with a stream, a key that signs and one that retires. */
async function fixture(name?: string): Promise<Fixture> {
  const project = await server.createProject(name);
  const before = await projectOf(project);
  const secret = newSecret("project");
  const rotated = await server.operate(`/projects/${project.name}/keys`, "POST", { secret, overlapSeconds: 3600 });
  expect(rotated.status).toBe(201);
  const known = { name: project.name, secret };
  const stream = freshName();
  const there = { ...known, stream, subscription: freshName("sub"), retiringKid: before.keys[0]?.kid ?? "" };
  await createContents(there);
  return there;
}

/** Creates the stream and the subscription. */
async function createContents(there: Fixture): Promise<void> {
  await server.createStream(there, there.stream);
  const answer = await server.send(`/v1/${there.name}/stream/__ds${inSubscription("")(there)}`, {
    method: "PUT",
    headers: bearer(await projectToken(there.name, there.secret)),
    ...json(pullWake(there)),
  });
  expect(answer.status).toBe(201);
}

async function projectOf({ name }: Pick<KnownProject, "name">): Promise<{ version: number; keys: { kid: string }[] }> {
  const answer = await server.operate(`/projects/${name}`);
  const { project } = await answer.json<{ project: { version: number; keys: { kid: string }[] } }>();
  return project;
}

beforeAll(async () => {
  server = new GuardedServer();
  const first = await server.createProject("default");
  retired = first.secret;
  const secret = newSecret("project");
  await server.operate("/projects/default/keys", "POST", { secret, overlapSeconds: 0 });
  const stream = freshName();
  const [{ kid } = { kid: "" }] = (await projectOf({ name: "default" })).keys;
  // The key that signs: nobody who is refused may take it away.
  walked = { name: "default", secret, stream, subscription: freshName("sub"), retiringKid: kid };
  await createContents(walked);
  other = await server.createProject();
  rs256 = await rsa();
});

/** What a credential is answered with. */
type Verdict = readonly [status: number, code: string];

interface Credential {
  readonly authorization: () => Promise<string | undefined> | string | undefined;
  readonly query?: () => Promise<string>;
  readonly verdict: Verdict;
}

function token(make: () => Promise<string>, status: number, code: string): Credential {
  return { authorization: async () => bearer(await make()).Authorization, verdict: [status, code] };
}

function raw(authorization: string | undefined, status: number, code: string): Credential {
  return { authorization: () => authorization, verdict: [status, code] };
}

/** What opens nothing anywhere. */
const NO_TOKENS: Readonly<Record<string, Credential>> = {
  "no token": raw(undefined, 401, "TOKEN_REQUIRED"),
  "an empty header": raw("", 401, "TOKEN_REQUIRED"),
  garbage: raw("Bearer garbage", 401, "TOKEN_MALFORMED"),
  "garbage in three parts": raw("Bearer a.b.c", 401, "TOKEN_MALFORMED"),
  "no more than the scheme": raw("Bearer", 401, "TOKEN_MALFORMED"),
  "another scheme": raw("Basic dXNlcjpwYXNz", 401, "TOKEN_MALFORMED"),
  "a header that says nothing": token(() => compact({}, {}, noSignature), 401, "TOKEN_ALGORITHM"),
  "a header that is no object": token(() => compact([], {}, noSignature), 401, "TOKEN_MALFORMED"),
};

const exp = (seconds: number) => ({ claims: { exp: nowSeconds() + seconds } });
const mine = (change: Parameters<typeof projectToken>[2] = {}) => projectToken(walked.name, walked.secret, change);

/** What does not open a stream, be it for reading or for writing. */
const NOT_FOR_STREAMS: Readonly<Record<string, Credential>> = {
  ...NO_TOKENS,
  "a good token in the URL": {
    authorization: () => undefined,
    query: async () => `access_token=${await mine()}&token=${await mine()}`,
    verdict: [401, "TOKEN_REQUIRED"],
  },
  "a good token in another scheme": {
    authorization: async () => `Token ${await mine()}`,
    verdict: [401, "TOKEN_MALFORMED"],
  },
  "two good tokens": {
    authorization: async () => `Bearer ${await mine()}, Bearer ${await mine()}`,
    verdict: [401, "TOKEN_MALFORMED"],
  },
  "one that is too long": token(() => mine({ claims: { pad: "x".repeat(4096) } }), 401, "TOKEN_MALFORMED"),
  "alg none": token(() => mine({ header: { alg: "none" }, sign: noSignature }), 401, "TOKEN_ALGORITHM"),
  "alg None": token(() => mine({ header: { alg: "None" }, sign: noSignature }), 401, "TOKEN_ALGORITHM"),
  "alg none with a right signature": token(() => mine({ header: { alg: "none" } }), 401, "TOKEN_ALGORITHM"),
  "no signature": token(() => mine({ sign: noSignature }), 401, "TOKEN_SIGNATURE"),
  RS256: token(() => mine({ header: { alg: "RS256" }, sign: rs256 }), 401, "TOKEN_ALGORITHM"),
  "RS256 with the secret": token(() => mine({ header: { alg: "RS256" } }), 401, "TOKEN_ALGORITHM"),
  HS512: token(() => mine({ header: { alg: "HS512" }, sign: hmac(walked.secret, "SHA-512") }), 401, "TOKEN_ALGORITHM"),
  "HS512 that says it is HS256": token(() => mine({ sign: hmac(walked.secret, "SHA-512") }), 401, "TOKEN_SIGNATURE"),
  "an algorithm of lower case": token(() => mine({ header: { alg: "hs256" } }), 401, "TOKEN_ALGORITHM"),
  "an operator's token": token(() => server.operatorToken(), 401, "TOKEN_KIND"),
  "a good token of another typ": token(() => mine({ header: { typ: "at+jwt" } }), 401, "TOKEN_KIND"),
  "a typ that is no text": token(() => mine({ header: { typ: null } }), 401, "TOKEN_KIND"),
  "an operator's typ signed by the project": token(
    () => operatorToken(HOST, walked.secret, { header: { kid: undefined } }),
    401,
    "TOKEN_KIND",
  ),
  "the operator's secret used for a project's token": token(
    () => projectToken(walked.name, server.operatorSecret),
    401,
    "TOKEN_KEY_UNKNOWN",
  ),
  "an extension that is critical": token(
    () => mine({ header: { crit: ["exp"], exp: nowSeconds() + 60 } }),
    401,
    "TOKEN_MALFORMED",
  ),
  "a key that nobody knows": token(() => projectToken(walked.name, newSecret("project")), 401, "TOKEN_KEY_UNKNOWN"),
  "a key that nobody knows and no kid": token(
    () => projectToken(walked.name, newSecret("project"), { header: { kid: undefined } }),
    401,
    "TOKEN_KEY_UNKNOWN",
  ),
  "a retired key": token(() => projectToken(walked.name, retired), 401, "TOKEN_KEY_UNKNOWN"),
  "a retired key and no kid": token(
    () => projectToken(walked.name, retired, { header: { kid: undefined } }),
    401,
    "TOKEN_KEY_UNKNOWN",
  ),
  "a retired key that says it is the new one": token(() => mine({ sign: hmac(retired) }), 401, "TOKEN_SIGNATURE"),
  "a key in the header": token(
    () => mine({ header: { jwk: { kty: "oct", k: "eA" } }, sign: hmac("x".repeat(32)) }),
    401,
    "TOKEN_SIGNATURE",
  ),
  "claims that were changed": {
    authorization: async () => {
      const [header, , signature] = (await mine({ claims: { scope: "read" } })).split(".");
      const [, claims] = (await mine()).split(".");
      return `Bearer ${String(header)}.${String(claims)}.${String(signature)}`;
    },
    verdict: [401, "TOKEN_SIGNATURE"],
  },
  "another project's token": token(() => projectToken(other.name, other.secret), 401, "TOKEN_KEY_UNKNOWN"),
  "another project's key for this project": token(
    () => projectToken(walked.name, other.secret),
    401,
    "TOKEN_KEY_UNKNOWN",
  ),
  "this project's key for another project": token(() => projectToken(other.name, walked.secret), 403, "TOKEN_PROJECT"),
  expired: token(() => mine(exp(-1)), 401, "TOKEN_EXPIRED"),
  "not yet valid": token(() => mine({ claims: { nbf: nowSeconds() + 60 } }), 401, "TOKEN_NOT_YET_VALID"),
  "a lifetime that is too long": token(() => mine(exp(91 * 24 * 3600)), 401, "TOKEN_LIFETIME"),
  "no end": token(() => mine({ claims: { exp: undefined } }), 401, "TOKEN_CLAIMS"),
  "an end that is text": token(() => mine({ claims: { exp: String(nowSeconds() + 60) } }), 401, "TOKEN_CLAIMS"),
  "no scope": token(() => mine({ claims: { scope: undefined } }), 401, "TOKEN_CLAIMS"),
  "a scope that there is not": token(() => mine({ claims: { scope: "admin" } }), 401, "TOKEN_CLAIMS"),
  "no project": token(() => mine({ claims: { sub: undefined } }), 401, "TOKEN_CLAIMS"),
  "another stream": token(() => mine({ claims: { stream_id: "another" } }), 403, "TOKEN_STREAM"),
  "a stream that begins like this one": token(
    () => mine({ claims: { stream_id: walked.stream.slice(0, -1) } }),
    403,
    "TOKEN_STREAM",
  ),
  "another prefix": token(() => mine({ claims: { stream_prefix: "another/" } }), 403, "TOKEN_STREAM"),
  "a stream that is empty": token(() => mine({ claims: { stream_id: "" } }), 401, "TOKEN_CLAIMS"),
};

/** What reads a stream and no more. */
const READING: Readonly<Record<string, readonly [make: () => Promise<string>, onWrite: readonly [number, string]]>> = {
  "the scope read": [() => mine({ claims: { scope: "read" } }), [403, "TOKEN_SCOPE"]],
  "the scope read and this stream": [
    () => mine({ claims: { scope: "read", stream_id: walked.stream } }),
    [403, "TOKEN_SCOPE"],
  ],
};

const operators = (change: Parameters<typeof operatorToken>[2] = {}) => server.operatorToken(change);

/** What does not open the operator API. */
const NOT_FOR_OPERATORS: Readonly<Record<string, Credential>> = {
  ...NO_TOKENS,
  "a good token in the URL": {
    authorization: () => undefined,
    query: async () => `access_token=${await operators()}&token=${await operators()}`,
    verdict: [401, "TOKEN_REQUIRED"],
  },
  "a project's token": token(() => mine(), 401, "TOKEN_KIND"),
  "a project's token without a typ": token(() => mine({ header: { typ: undefined } }), 401, "TOKEN_KIND"),
  "a project's token that says it is an operator's": token(
    () => operatorToken(HOST, walked.secret),
    401,
    "TOKEN_SIGNATURE",
  ),
  "another operator's token": token(() => operatorToken(HOST, newSecret("operator")), 401, "TOKEN_SIGNATURE"),
  "the operator's secret in a project's form": token(
    () => projectToken(walked.name, server.operatorSecret),
    401,
    "TOKEN_KIND",
  ),
  "another typ": token(() => operators({ header: { typ: "at+jwt" } }), 401, "TOKEN_KIND"),
  "alg none": token(() => operators({ header: { alg: "none" }, sign: noSignature }), 401, "TOKEN_ALGORITHM"),
  RS256: token(() => operators({ header: { alg: "RS256" }, sign: rs256 }), 401, "TOKEN_ALGORITHM"),
  HS512: token(
    () => operators({ header: { alg: "HS512" }, sign: hmac(server.operatorSecret, "SHA-512") }),
    401,
    "TOKEN_ALGORITHM",
  ),
  "no signature": token(() => operators({ sign: noSignature }), 401, "TOKEN_SIGNATURE"),
  "an extension that is critical": token(
    () => operators({ header: { crit: ["exp"], exp: nowSeconds() + 60 } }),
    401,
    "TOKEN_MALFORMED",
  ),
  "one that is too long": token(() => operators({ claims: { pad: "x".repeat(4096) } }), 401, "TOKEN_MALFORMED"),
  "another host": token(() => operatorToken("other.example", server.operatorSecret), 401, "TOKEN_CLAIMS"),
  "the host on another port": token(() => operatorToken(`${HOST}:8443`, server.operatorSecret), 401, "TOKEN_CLAIMS"),
  "no host": token(() => operators({ claims: { aud: "durable-streams-operator" } }), 401, "TOKEN_CLAIMS"),
  "the host alone": token(() => operators({ claims: { aud: [HOST] } }), 401, "TOKEN_CLAIMS"),
  "no audience": token(() => operators({ claims: { aud: undefined } }), 401, "TOKEN_CLAIMS"),
  expired: token(() => operators(exp(-1)), 401, "TOKEN_EXPIRED"),
  "not yet valid": token(() => operators({ claims: { nbf: nowSeconds() + 60 } }), 401, "TOKEN_NOT_YET_VALID"),
  "a lifetime that is too long": token(() => operators(exp(20 * 60)), 401, "TOKEN_LIFETIME"),
  "no end": token(() => operators({ claims: { exp: undefined } }), 401, "TOKEN_CLAIMS"),
};

/** Everything that a request which is refused must leave as it is. */
async function everything(): Promise<unknown> {
  const { name, stream, subscription } = walked;
  const projects = await (await server.operate("/projects")).json();
  const ids = [subscription, `${subscription}-new`];
  return {
    projects,
    subscriptions: await Promise.all(
      ids.map(async (id) => env.SUBSCRIPTIONS.getByName(`${name}/${id}`).describe("", 100)),
    ),
    keys: await env.DIRECTORY.getByName(name).publicKeys(),
    streams: await Promise.all([stream, `${stream}-new`].map((path) => streamState(`${name}/${path}`))),
  };
}

async function ask({ method, path, body }: Walked, { authorization, query }: Credential): Promise<Response> {
  const credential = await authorization();
  const url = new URL(`http://x/v1${path(walked)}`);
  const more = (await query?.()) ?? "";
  const search = [url.search.slice(1), more].filter((part) => part !== "").join("&");
  return server.send(`${url.pathname}${search === "" ? "" : `?${search}`}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(credential === undefined ? {} : { Authorization: credential }),
    },
    ...json(body?.(walked)),
  });
}

/** Status and code; a HEAD's answer has no body that would tell the code. */
async function verdictOf(answer: Response, method: string): Promise<Verdict> {
  if (answer.ok) {
    await answer.body?.cancel();
    return [answer.status, ""];
  }
  const text = await answer.text();
  return [answer.status, method === "HEAD" ? "" : (JSON.parse(text) as { error: { code: string } }).error.code];
}

function expectChallenge({ status, headers }: Response, isWithToken: boolean): void {
  const challenge = headers.get("WWW-Authenticate") ?? "";
  expect(challenge).toMatch(/^Bearer realm="durable-streams"/);
  const error = status === 403 ? "insufficient_scope" : "invalid_token";
  if (isWithToken) expect(challenge).toContain(`, error="${error}", error_description="`);
  else expect(challenge).not.toContain("error");
}

async function expectRefusals(route: Walked, credentials: Readonly<Record<string, Credential>>): Promise<void> {
  const before = await everything();
  for (const [name, credential] of Object.entries(credentials)) {
    const answer = await ask(route, credential);
    const [status, code] = credential.verdict;
    const hidden = route.method === "HEAD" ? "" : code;
    expect(await verdictOf(answer.clone(), route.method), name).toEqual([status, hidden]);
    expectChallenge(answer, code !== "TOKEN_REQUIRED");
    expect(answer.headers.get("Cache-Control"), name).toMatch(/no-store/);
  }
  expect(await everything()).toEqual(before);
}

function label({ method, path }: Walked): string {
  const there = { name: "{project}", stream: "{path}", subscription: "{id}", retiringKid: "{kid}", secret: "" };
  return `${method} /v1${path(there)}`;
}

function titled(routes: readonly Walked[]): [string, Walked][] {
  return routes.map((route) => [label(route), route]);
}

describe("routes: the table is whole", () => {
  test("routes: every method of a stream is walked in both forms of its URL, as what it is", () => {
    expect(Object.fromEntries([...OPERATIONS].map(([method, { access }]) => [method, access]))).toEqual(STREAM_METHODS);
    for (const [method, access] of Object.entries(STREAM_METHODS)) {
      const list = access === "read" ? STREAM_READS : STREAM_MUTATIONS;
      const paths = list.filter((one) => one.method === method).map((one) => one.path);
      expect([paths.includes(inStream), paths.includes(inShortForm)], method).toEqual([true, true]);
    }
  });

  test("routes: every subject about a stream is walked with its method", () => {
    const methods = Object.entries(STREAM_SUBJECTS).map(([subject, { method }]) => [subject, method]);
    expect(Object.fromEntries(methods)).toEqual(
      Object.fromEntries(Object.entries(SUBJECTS).map(([subject, { method }]) => [subject, method])),
    );
  });

  test("routes: where a method is not served, the answer names those that are, and they are in the table", async () => {
    const table = new Map<string, Set<string>>();
    for (const { walked: routes } of Object.values(ROUTES)) {
      for (const { path, method } of routes) {
        const { pathname } = new URL(`http://x/v1${path(walked)}`);
        table.set(pathname, (table.get(pathname) ?? new Set()).add(method));
      }
    }
    for (const [path, methods] of table) {
      if (path.endsWith("-new")) continue;
      const answer = await server.send(path, { method: "PROPFIND", headers: bearer(await server.operatorToken()) });
      const allowed = (answer.headers.get("Allow") ?? "").split(", ").filter((method) => method !== "OPTIONS");
      expect([answer.status, allowed.toSorted()], path).toEqual([405, [...methods].toSorted()]);
    }
  });
});

describe("routes: health and the public keys of webhooks ask nobody for anything", () => {
  test.each(titled([...ROUTES.health.walked, ...CONTROL_OPEN]))("%s", async (_title, route) => {
    for (const credential of Object.values({ ...NOT_FOR_STREAMS, ...NOT_FOR_OPERATORS })) {
      expect((await ask(route, credential)).status).toBe(200);
    }
  });
});

describe("routes: streams let in nobody who does not belong there", () => {
  test.each(titled(STREAM_READS))("%s", async (_title, route) => {
    await expectRefusals(route, NOT_FOR_STREAMS);
  });

  test.each(titled(STREAM_MUTATIONS))("%s", async (_title, route) => {
    const reading = Object.entries(READING).map(([name, [make, verdict]]) => [name, token(make, ...verdict)]);
    await expectRefusals(route, { ...NOT_FOR_STREAMS, ...(Object.fromEntries(reading) as typeof NOT_FOR_STREAMS) });
  });
});

/** What opens streams, one or some of them, and not the project as a whole. */
const NOT_FOR_ALL: Readonly<Record<string, Credential>> = {
  ...NOT_FOR_STREAMS,
  "this stream": token(() => mine({ claims: { stream_id: walked.stream } }), 403, "TOKEN_STREAM"),
  "a prefix of this stream": token(() => mine({ claims: { stream_prefix: walked.stream } }), 403, "TOKEN_STREAM"),
  "a prefix that is reserved": token(() => mine({ claims: { stream_prefix: "__ds/" } }), 403, "TOKEN_STREAM"),
  "a stream that is called as what is reserved": token(
    () => mine({ claims: { stream_id: "__ds/streams" } }),
    403,
    "TOKEN_STREAM",
  ),
  "a wake's token": token(() => wakeToken(walked), 401, "TOKEN_KIND"),
};

/** A token as of a wake of the subscription, signed by somebody else. */
function wakeToken(
  { name, subscription }: Fixture,
  change: { readonly header?: object; readonly claims?: object } = {},
) {
  const header = { alg: "HS256", typ: "ds-wake+jwt", ...change.header };
  const sub = `subscription:${name}/${subscription}`;
  const claims = { sub, aud: "durable-streams-wake", generation: 1, wake_id: "w", ...exp(60).claims, ...change.claims };
  return compact(header, claims, hmac(newSecret("project")));
}

describe("routes: the control API lets in nobody who does not belong there", () => {
  test.each(titled(CONTROL_READS))("%s", async (_title, route) => {
    const [make] = READING["the scope read and this stream"] ?? [];
    if (make === undefined) throw new Error("nothing reads one stream");
    await expectRefusals(route, { ...NOT_FOR_ALL, "one stream for reading": token(make, 403, "TOKEN_STREAM") });
  });

  test.each(titled(CONTROL_MUTATIONS))("%s", async (_title, route) => {
    const reading = Object.entries(READING).map(([name, [make, verdict]]) => [name, token(make, ...verdict)]);
    await expectRefusals(route, { ...NOT_FOR_ALL, ...(Object.fromEntries(reading) as typeof NOT_FOR_ALL) });
  });

  test("a token with a prefix lists what it opens, and no more", async () => {
    const there = await fixture();
    const claims = { stream_prefix: there.stream.slice(0, -1), scope: "read" };
    const headers = bearer(await projectToken(there.name, there.secret, { claims }));
    const list = (query: string): Promise<Response> =>
      server.send(`/v1/${there.name}/stream/__ds/streams${query}`, { headers });
    for (const prefix of [claims.stream_prefix, there.stream]) {
      const answer = await list(`?prefix=${prefix}`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ streams: [{ path: there.stream }] });
    }
    const before = claims.stream_prefix.slice(0, -1);
    for (const query of ["", "?prefix=", `?prefix=${before}`, `?prefix=${before}&prefix=${there.stream}`]) {
      expect([query, await verdictOf(await list(query), "GET")]).toEqual([query, [403, "TOKEN_STREAM"]]);
    }
    // The prefix means nothing to anything else.
    const other = await server.send(`/v1/${there.name}/stream/__ds/subscriptions?prefix=${there.stream}`, { headers });
    expect(await verdictOf(other, "GET")).toEqual([403, "TOKEN_STREAM"]);
  });
});

/** What is no token of a wake of this subscription. */
const NOT_FOR_WAKES: Readonly<Record<string, Credential>> = Object.fromEntries(
  Object.entries({
    ...NOT_FOR_ALL,
    "a good token of the project": token(() => mine(), 401, "TOKEN_INVALID"),
    "an operator's": token(() => server.operatorToken(), 401, "TOKEN_INVALID"),
    "somebody else's signature": token(() => wakeToken(walked), 401, "TOKEN_INVALID"),
    "another algorithm": token(() => wakeToken(walked, { header: { alg: "none" } }), 401, "TOKEN_INVALID"),
    "another subscription's": token(() => wakeToken({ ...walked, subscription: "other" }), 401, "TOKEN_INVALID"),
    "another project's": token(() => wakeToken({ ...walked, name: other.name }), 401, "TOKEN_INVALID"),
    "one that is too old": token(() => wakeToken(walked, exp(-60)), 401, "TOKEN_INVALID"),
  }).map(([name, credential]) => [name, { ...credential, verdict: [401, "TOKEN_INVALID"] }]),
);

describe("routes: what is about a wake asks for the token of that wake", () => {
  test.each(titled(WAKES))("%s", async (_title, route) => {
    await expectRefusals(route, NOT_FOR_WAKES);
  });

  test("no object is woken for what cannot be the token of a wake of its own", async () => {
    const getByName = (): never => {
      throw new Error("an object was asked");
    };
    const asked = new GuardedServer({
      SUBSCRIPTIONS: { getByName: () => ({ ack: getByName, callback: getByName, release: getByName }) },
    });
    for (const route of WAKES) {
      for (const authorization of [undefined, await mine(), await wakeToken({ ...walked, subscription: "other" })]) {
        const answer = await asked.send(`/v1${route.path(walked)}`, {
          method: route.method,
          headers: authorization === undefined ? {} : bearer(authorization),
          ...json(route.body?.(walked)),
        });
        expect(await verdictOf(answer, "POST")).toEqual([401, "TOKEN_INVALID"]);
      }
    }
  });
});

describe("routes: the operator API lets in operators alone", () => {
  test.each(titled(ROUTES.operator.walked))("%s", async (_title, route) => {
    await expectRefusals(route, NOT_FOR_OPERATORS);
  });

  test.each(titled(ROUTES.operator.walked))("without an operator secret nobody gets in: %s", async (_title, route) => {
    const before = await everything();
    const closed = new GuardedServer({ OPERATOR_SECRET: undefined });
    for (const authorization of [undefined, await operators(), await mine()]) {
      const answer = await closed.send(`/v1${route.path(walked)}`, {
        method: route.method,
        headers: authorization === undefined ? {} : bearer(authorization),
        ...json(route.body?.(walked)),
      });
      expect([answer.status, (await answer.json<{ error: { code: string } }>()).error.code]).toEqual([
        403,
        "OPERATOR_CLOSED",
      ]);
    }
    expect(await everything()).toEqual(before);
  });

  test("where they were before projects had routes there is nothing", async () => {
    for (const subject of Object.keys(SUBJECTS)) {
      const answer = await server.operate(`/default/${subject}/${walked.stream}`);
      expect(answer.status, subject).toBe(404);
    }
  });
});

describe("routes: whoever belongs there is let in", () => {
  test.each(titled(STREAM_READS))("the scope read reads: %s", async (_title, route) => {
    for (const [name, [make]] of Object.entries(READING)) {
      const answer = await ask(route, token(make, 200, ""));
      await answer.body?.cancel();
      expect(answer.status, name).toBe(200);
    }
  });

  test.each(titled([...STREAM_READS, ...STREAM_MUTATIONS]))("a project's token: %s", async (_title, route) => {
    const there = route.path === inStream || route.path === beside ? await fixture() : await shortFixture();
    const tokens = [
      await projectToken(there.name, there.secret, { claims: { stream_prefix: there.stream } }),
      await projectToken(there.name, there.secret, { header: { typ: undefined, kid: undefined } }),
    ];
    const [first = ""] = tokens;
    const answer = await server.send(`/v1${route.path(there)}`, {
      method: route.method,
      headers: { ...bearer(first), "Content-Type": "application/json" },
      ...json(route.body?.(there)),
    });
    await answer.body?.cancel();
    expect(answer.status).toBe(route.succeeds);
  });

  test.each(titled(CONTROL_READS))("the scope read reads all of the project: %s", async (_title, route) => {
    const answer = await ask(
      route,
      token(() => mine({ claims: { scope: "read" } }), 200, ""),
    );
    await answer.body?.cancel();
    expect(answer.status).toBe(200);
  });

  test.each(titled([...CONTROL_READS, ...CONTROL_MUTATIONS]))("a project's token: %s", async (_title, route) => {
    const there = route.path(walked).startsWith("/stream/") ? await shortFixture() : await fixture();
    const answer = await server.send(`/v1${route.path(there)}`, {
      method: route.method,
      headers: bearer(await projectToken(there.name, there.secret)),
      ...json(route.body?.(there)),
    });
    await answer.body?.cancel();
    expect(answer.status).toBe(route.succeeds);
  });

  test.each(titled(ROUTES.operator.walked))("an operator's token: %s", async (_title, route) => {
    const there = await fixture();
    const answer = await server.send(`/v1${route.path(there)}`, {
      method: route.method,
      headers: bearer(await operators()),
      ...json(route.body?.(there)),
    });
    expect(answer.status).toBe(route.succeeds);
    const text = await answer.text();
    expect([there.secret, server.operatorSecret].some((secret) => text.includes(secret))).toBe(false);
  });
});

/** A stream and a subscription of its own in the project of the short form. */
async function shortFixture(): Promise<Fixture> {
  const there = { ...walked, stream: freshName(), subscription: freshName("sub") };
  await createContents(there);
  return there;
}

// Receives the wakes of a webhook subscription, checks who sent them, reads what is new, and acknowledges it.
//
//   DURABLE_STREAMS_ROOT   where the streams are: http://127.0.0.1:4437/v1/stream, or https://HOST/v1/PROJECT/stream
//   DURABLE_STREAMS_TOKEN  a token that may read them, where the server asks for one
//   PORT                   to listen on; 0 takes a free one
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";

const ROOT = process.env.DURABLE_STREAMS_ROOT ?? "http://127.0.0.1:4437/v1/stream";
/** The project `default` may be left out of an address: callbacks come to the spelling that made the subscription. */
const CALLBACKS = [
  ROOT,
  ROOT.replace(/\/v1\/default\/stream$/, "/v1/stream"),
  ROOT.replace(/\/v1\/stream$/, "/v1/default/stream"),
];
const TOKEN = process.env.DURABLE_STREAMS_TOKEN;
const REPLAY_WINDOW_SECONDS = 300;
const BODY_MAX_BYTES = 8 * 1024 * 1024;
/** An unknown key is looked for again, but not as often as a stranger likes. */
const KEYS_REFRESH_MS = 10_000;

/** What happens to a message. It may come twice, after a crash; never in another order within a stream. */
function handle(stream, message) {
  console.log(JSON.stringify({ stream, message }));
}

/** @type {Map<string, import("node:crypto").KeyObject>} */
let keys = new Map();
let keysReadAtMs = -Infinity;

/** The keys come from the server that is configured here, never from an address in a request. */
async function keyOf(kid) {
  if (!keys.has(kid) && Date.now() - keysReadAtMs > KEYS_REFRESH_MS) {
    keysReadAtMs = Date.now();
    const answer = await fetch(`${ROOT}/__ds/jwks.json`);
    if (!answer.ok) throw new Error(`no keys: ${answer.status}`);
    const { keys: published } = await answer.json();
    keys = new Map(published.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
  }
  return keys.get(kid);
}

/** Whether the server signed these very bytes, a short while ago. */
async function isGenuine(body, header) {
  const [, seconds, kid, signature] = /^t=(\d+),kid=([^,]+),ed25519=([\w-]+)$/.exec(header ?? "") ?? [];
  if (signature === undefined) return false;
  if (Math.abs(Date.now() / 1000 - Number(seconds)) > REPLAY_WINDOW_SECONDS) return false;
  const key = await keyOf(kid);
  const signed = Buffer.concat([Buffer.from(`${seconds}.`), body]);
  return key !== undefined && verify(null, signed, key, Buffer.from(signature, "base64url"));
}

/** Reads a stream of JSON messages from what was acknowledged on, and acknowledges what each answer held. */
async function catchUp(wake, { path, acked_offset: acked, tail_offset: tail }) {
  const url = `${ROOT}/${path.split("/").map(encodeURIComponent).join("/")}`;
  for (let offset = acked; offset < tail;) {
    const answer = await fetch(`${url}?offset=${offset}`, {
      headers: TOKEN === undefined ? {} : { authorization: `Bearer ${TOKEN}` },
    });
    if (!answer.ok) {
      const hint = [401, 403].includes(answer.status)
        ? "; DURABLE_STREAMS_TOKEN has to be a token that may read it"
        : "";
      throw new Error(`${path} cannot be read: ${answer.status}${hint}`);
    }
    for (const message of await answer.json()) handle(path, message);
    offset = answer.headers.get("stream-next-offset");
    await callback(wake, { acks: [{ stream: path, offset }] });
  }
}

/** Acknowledges, which also extends the lease; with `done` the wake is over. */
async function callback(wake, said) {
  const { callback_url: url, callback_token: token, wake_id, generation } = wake;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ wake_id, generation, ...said }),
  });
  // 409 FENCED: the lease ran out, and another wake has taken over. What is not acknowledged comes again.
  if (!answer.ok) throw new Error(`not acknowledged: ${answer.status} ${await answer.text()}`);
}

/** Tokens go to the server that is configured here, and to no other that a wake may name. */
function requireOwn(callbackUrl) {
  const { href } = new URL(callbackUrl);
  if (CALLBACKS.some((root) => href.startsWith(`${root}/__ds/`))) return;
  throw new Error(
    `a callback to elsewhere: ${href}, where it had to begin with ${ROOT}/__ds/. ` +
      "If that is your server, set DURABLE_STREAMS_ROOT to what its address has before /__ds/.",
  );
}

async function work(wake) {
  requireOwn(wake.callback_url);
  for (const stream of wake.streams) if (stream.has_pending) await catchUp(wake, stream);
  await callback(wake, { done: true });
}

/** The whole body, or `undefined` when it is larger than any wake. */
async function readBody(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > BODY_MAX_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function receive(request) {
  if (request.method !== "POST") return 405;
  const body = await readBody(request);
  if (body === undefined) return 413;
  if (!(await isGenuine(body, request.headers["webhook-signature"]))) return 401;
  // Answered at once: the work may take longer than a request. Should it fail, the lease runs out and the wake comes again.
  work(JSON.parse(body)).catch((error) => console.error(error.message));
  return 202;
}

const server = createServer((request, response) => {
  receive(request)
    .catch((error) => {
      console.error(error.message);
      return 500;
    })
    .then((status) => response.writeHead(status).end());
});
server.listen(Number(process.env.PORT ?? 8787), "127.0.0.1", () => {
  console.error(`Listening on http://127.0.0.1:${server.address().port}`);
});

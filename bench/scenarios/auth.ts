// What tokens cost: a guarded server against an open one, in alternating turns.
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import type { Client, Dispatcher } from "undici";
import { mintToken } from "../../src/cli/tokens/mint.ts";
import { expectStatus, withConnection, withConnections, type Call } from "../load/http.ts";
import { checkMessages, oneMessage } from "../load/messages.ts";
import { median } from "../load/stats.ts";
import { create, JSON_TYPE, newStream, readAll } from "../load/streams.ts";
import { warmUp, writeFor } from "../load/writers.ts";
import { startServer, type RunningServer } from "../servers/start.ts";
import { shown, shownRatio, table } from "../table.ts";

const WARM_UP_TURNS = 300;
const TURNS_A_ROUND = 400;
const WRITERS = 32;
const MAX_APPENDS = 20_000;
const TOKEN_TTL_SECONDS = 3600;
/** The most that a token may add to a request. */
const AIM_MS = 0.3;

/** Medians over all turns, in milliseconds. */
interface RequestFigures {
  readonly request: string;
  readonly openMs: number;
  readonly guardedMs: number;
  /** The median over the turns of what the guarded server took more in that turn. */
  readonly addedMs: number;
}

export interface AuthFigures {
  readonly requests: readonly RequestFigures[];
  /** Appends a second by 32 writers to one stream; medians over the rounds. */
  readonly openPerSecond: number;
  readonly guardedPerSecond: number;
  /** Guarded to open, round by round. */
  readonly ratio: number;
}

/** A server, and what makes of a connection one whose requests get in there. */
interface Side {
  readonly server: RunningServer;
  readonly enter: (client: Client) => Dispatcher;
}

function showing(token: string): Side["enter"] {
  const authorization = `Bearer ${token}`;
  return (client) =>
    client.compose(
      (dispatch) => (options, handler) =>
        dispatch({ ...options, headers: { ...(options.headers as Record<string, string>), authorization } }, handler),
    );
}

/** The guarded server keeps the secret of its first project in its data folder. */
async function tokenFor(folder: string): Promise<string> {
  const { signingSecrets } = JSON.parse(await readFile(join(folder, "secrets.json"), "utf8")) as {
    signingSecrets: { default: string };
  };
  const request = { project: "default", scope: "write", ttlSeconds: TOKEN_TTL_SECONDS } as const;
  return (await mintToken(signingSecrets.default, request)).token;
}

async function timed(client: Dispatcher, call: Call): Promise<number> {
  const startedAt = performance.now();
  await expectStatus(client, call, 200, 204);
  return performance.now() - startedAt;
}

/** The calls that are compared, on a stream with one message in it. */
async function callsOn(client: Dispatcher, server: RunningServer): Promise<Readonly<Record<string, Call>>> {
  const path = newStream();
  await create(server, client, path, JSON_TYPE);
  const append: Call = { method: "POST", path, contentType: JSON_TYPE, body: oneMessage(0) };
  await expectStatus(client, append, 204);
  return {
    HEAD: { method: "HEAD", path },
    "GET at the tail": { method: "GET", path: `${path}?offset=now` },
    append,
  };
}

/** Both servers take each call in turn, and another one first each time. */
async function compare(open: Side, guarded: Side, rounds: number): Promise<RequestFigures[]> {
  return withConnection(open.server, (openClient) =>
    withConnection(guarded.server, async (client) => {
      const guardedClient = guarded.enter(client);
      const openCalls = await callsOn(openClient, open.server);
      const guardedCalls = await callsOn(guardedClient, guarded.server);
      const figures: RequestFigures[] = [];
      for (const [request, openCall] of Object.entries(openCalls)) {
        const guardedCall = guardedCalls[request] ?? openCall;
        const turns: { open: number; guarded: number }[] = [];
        for (let turn = 0; turn < WARM_UP_TURNS + rounds * TURNS_A_ROUND; turn++) {
          const first = turn % 2 === 0 ? await timed(openClient, openCall) : undefined;
          const guardedMs = await timed(guardedClient, guardedCall);
          turns.push({ open: first ?? (await timed(openClient, openCall)), guarded: guardedMs });
        }
        const counted = turns.slice(WARM_UP_TURNS);
        figures.push({
          request,
          openMs: median(counted.map((turn) => turn.open)),
          guardedMs: median(counted.map((turn) => turn.guarded)),
          addedMs: median(counted.map((turn) => turn.guarded - turn.open)),
        });
      }
      return figures;
    }),
  );
}

/** Appends a second, all of them read back. */
async function throughput({ server, enter }: Side, loadMs: number): Promise<number> {
  return withConnections(server, WRITERS, async (connections) => {
    const clients = connections.map(enter);
    const [first] = clients;
    if (first === undefined) throw new Error("there is no connection");
    const path = newStream();
    await create(server, first, path, JSON_TYPE);
    await warmUp(clients, path);
    const { count, elapsedMs } = await writeFor(clients, {
      durationMs: loadMs,
      maxCalls: MAX_APPENDS,
      statuses: [204],
      call: (number) => ({ method: "POST", path, contentType: JSON_TYPE, body: oneMessage(number) }),
    });
    const bodies = await readAll(first, path);
    checkMessages(
      bodies.map((body) => body.toString("latin1")),
      count,
    );
    return (count * 1000) / elapsedMs;
  });
}

export async function measureAuth(rounds: number, loadMs: number, data: string): Promise<AuthFigures> {
  const servers = [await startServer("open", undefined, data), await startServer("guarded", undefined, data)] as const;
  try {
    const open: Side = { server: servers[0], enter: (client) => client };
    const guarded: Side = { server: servers[1], enter: showing(await tokenFor(join(data, "guarded"))) };
    const requests = await compare(open, guarded, rounds);
    const rates: { open: number; guarded: number }[] = [];
    for (let round = -1; round < rounds; round++) {
      const openFirst = round % 2 === 0 ? await throughput(open, loadMs) : undefined;
      const guardedRate = await throughput(guarded, loadMs);
      const rate = { open: openFirst ?? (await throughput(open, loadMs)), guarded: guardedRate };
      // The first round warms everything up.
      if (round >= 0) rates.push(rate);
    }
    return {
      requests,
      openPerSecond: median(rates.map((rate) => rate.open)),
      guardedPerSecond: median(rates.map((rate) => rate.guarded)),
      ratio: median(rates.map((rate) => rate.guarded / rate.open)),
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

export function printAuth({ requests, openPerSecond, guardedPerSecond, ratio }: AuthFigures): void {
  const rows = requests.map(({ request, openMs, guardedMs, addedMs }) => [
    `${request}, p50 ms`,
    shown(openMs),
    shown(guardedMs),
    `+${addedMs.toFixed(3)} ms`,
    `< ${String(AIM_MS)} ms: ${addedMs < AIM_MS ? "met" : "MISSED"}`,
  ]);
  const rates = [
    `${String(WRITERS)} writers, one stream, appends/s`,
    shown(openPerSecond),
    shown(guardedPerSecond),
    shownRatio(ratio),
    "",
  ];
  process.stdout.write(
    `\nauth. what a token adds, warm, in alternating turns\n${table(["", "open", "guarded", "guarded - open", "aim"], [...rows, rates])}\n`,
  );
}

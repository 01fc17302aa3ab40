import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { ok, param, type Route } from "./route.ts";
import type { TraceReport } from "./runtime.ts";
import { scriptOf } from "./script-routes.ts";
import { anything, fields, listOf } from "./shape.ts";
import type { PlaneState } from "./state.ts";
import { TailSocket } from "./tail-socket.ts";

interface Tail {
  readonly id: string;
  readonly script: string;
  readonly sockets: Set<TailSocket>;
}

const PROTOCOL = "trace-v1";
const LIFE_MS = 6 * 60 * 60 * 1000;
const PATH = "/__plane/tails/";

/** Live logs: whatever a Worker's invocations report goes to everybody who has a tail of it. */
export class Tails {
  readonly #tails = new Map<string, Tail>();
  readonly #state: PlaneState;
  readonly #origin: () => string;

  constructor(state: PlaneState, origin: () => string) {
    this.#state = state;
    this.#origin = origin;
  }

  routes(): readonly Route[] {
    const path = "/accounts/:account/workers/scripts/:name/tails";
    const permission = "Workers Tail Read";
    return [
      {
        name: `POST ${path}`,
        permission,
        body: { kind: "json", shape: fields({ filters: listOf(anything) }) },
        handle: (call) => {
          const tail = { id: randomUUID(), script: scriptOf(this.#state, call).name, sockets: new Set<TailSocket>() };
          this.#tails.set(tail.id, tail);
          const expires = new Date(Date.now() + LIFE_MS).toISOString();
          return ok({
            id: tail.id,
            url: `${this.#origin().replace(/^http/, "ws")}${PATH}${tail.id}`,
            expires_at: expires,
          });
        },
      },
      {
        name: `DELETE ${path}/:tail`,
        permission,
        handle: (call) => {
          this.#drop(param(call, "tail"));
          return ok(null);
        },
      },
    ];
  }

  listen(server: Server): void {
    server.on("upgrade", (request, socket) => {
      const tail = this.#tails.get(request.url?.startsWith(PATH) === true ? request.url.slice(PATH.length) : "");
      if (tail === undefined) {
        socket.destroy();
        return;
      }
      const made = TailSocket.accept(request, socket, PROTOCOL, () => {
        if (made !== undefined) tail.sockets.delete(made);
      });
      if (made !== undefined) tail.sockets.add(made);
    });
  }

  report({ script, events }: TraceReport): void {
    for (const tail of this.#tails.values()) {
      if (tail.script !== script) continue;
      for (const event of events) {
        const text = JSON.stringify({ ...(event as object), scriptName: script });
        for (const socket of tail.sockets) socket.send(text);
      }
    }
  }

  /** How many listen to a Worker now. */
  listeners(script: string): number {
    return [...this.#tails.values()].reduce((sum, tail) => sum + (tail.script === script ? tail.sockets.size : 0), 0);
  }

  /** Breaks the connections of a Worker's tails, as a network does that fails. */
  breakOff(script: string): void {
    for (const tail of this.#tails.values()) {
      if (tail.script === script) for (const socket of tail.sockets) socket.destroy();
    }
  }

  close(): void {
    for (const id of [...this.#tails.keys()]) this.#drop(id);
  }

  #drop(id: string): void {
    for (const socket of this.#tails.get(id)?.sockets ?? []) socket.close();
    this.#tails.delete(id);
  }
}

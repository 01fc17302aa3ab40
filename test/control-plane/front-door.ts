import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Where connections are led; nothing where there is nobody. */
export type Leads = () => Promise<{ readonly port: number } | undefined>;

/**
 * The address of a Worker, known before there is one and the same for all its versions. It passes bytes on and looks at
 * none, so that a Worker sees its clients' requests as they are.
 */
export class FrontDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(leads: Leads) {
    this.#server = createServer((client) => {
      this.#keep(client);
      void this.#pass(client, leads);
    });
  }

  static async open(leads: Leads): Promise<FrontDoor> {
    const door = new FrontDoor(leads);
    door.#server.listen(0, "127.0.0.1");
    await once(door.#server, "listening");
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }

  async #pass(client: Socket, leads: Leads): Promise<void> {
    const there = await leads().catch(() => undefined);
    if (client.destroyed) return;
    if (there === undefined) {
      nobody(client);
      return;
    }
    const worker = connect(there.port, "127.0.0.1");
    this.#keep(worker);
    client.pipe(worker).pipe(client);
    client.once("close", () => worker.destroy());
    worker.once("close", () => client.destroy());
  }
}

/** What workers.dev answers for a name that nobody has. */
function nobody(client: Socket): void {
  const body = "<!DOCTYPE html><title>There is nothing here yet</title>";
  const head = `HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: ${body.length}\r\nconnection: close`;
  client.once("data", () => client.end(`${head}\r\n\r\n${body}`));
}

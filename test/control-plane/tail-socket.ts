import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const OP = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** As much of a WebSocket as a tail needs: texts go out; pings and the end of it come in. */
export class TailSocket {
  readonly #socket: Duplex;
  readonly #closed: () => void;
  #received: Buffer = Buffer.alloc(0);

  /** Accepts an upgrade that asks for `protocol`; anything else is refused, and nothing is answered. */
  static accept(
    request: IncomingMessage,
    socket: Duplex,
    protocol: string,
    closed: () => void,
  ): TailSocket | undefined {
    const { "sec-websocket-key": key, "sec-websocket-protocol": offered } = request.headers;
    if (key === undefined || offered !== protocol) {
      socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return undefined;
    }
    const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
        `sec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`,
    );
    return new TailSocket(socket, closed);
  }

  private constructor(socket: Duplex, closed: () => void) {
    this.#socket = socket;
    this.#closed = closed;
    socket.on("data", (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      while (this.#readFrame());
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", closed);
  }

  send(text: string): void {
    this.#write(OP.text, Buffer.from(text));
  }

  /** Ends it as a network does that fails: without a word. */
  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  /** Ends it in order, with the code for "nothing more will come" (1000) or another. */
  close(code = 1000): void {
    const reason = Buffer.alloc(2);
    reason.writeUInt16BE(code);
    this.#write(OP.close, reason);
    this.#socket.end();
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const { byteLength } = payload;
    const head =
      byteLength < 126 ? Buffer.from([0x80 | opcode, byteLength]) : Buffer.alloc(byteLength < 65_536 ? 4 : 10);
    if (byteLength >= 126) {
      head[0] = 0x80 | opcode;
      head[1] = byteLength < 65_536 ? 126 : 127;
      if (byteLength < 65_536) head.writeUInt16BE(byteLength, 2);
      else head.writeBigUInt64BE(BigInt(byteLength), 2);
    }
    this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Clients mask what they send; a tail's are short. */
  #readFrame(): boolean {
    const data = this.#received;
    const length = (data[1] ?? 0) & 0x7f;
    const end = 6 + length;
    if (data.byteLength < 2 || length > 125 || data.byteLength < end) return false;
    const mask = data.subarray(2, 6);
    const payload = Buffer.from(data.subarray(6, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    const opcode = (data[0] ?? 0) & 0x0f;
    this.#received = data.subarray(end);
    if (opcode === OP.ping) this.#write(OP.pong, payload);
    if (opcode === OP.close) this.close();
    return true;
  }
}

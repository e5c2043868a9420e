import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Pipe } from './pipe.ts';
import type { Route } from './route.ts';

const binary = 0x82;
const text = 0x81;
const closing = 0x88;
const ping = 0x89;
/** One key for all frames: a server has the same work with any, and the generator none with making them. */
const key = [0x5a, 0xc3, 0x96, 0x0f] as const;

/** A WebSocket over a raw socket (RFC 6455), client side, without extensions. */
export class WebSocketPipe extends Pipe {
  readonly #socket: Socket;
  readonly #start: number;
  #begun = 0;

  private constructor(socket: Socket, start: number) {
    super();
    this.#socket = socket;
    this.#start = start;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('error', (error) => this.broken(error.message));
    socket.on('close', () => this.broken('the socket was closed'));
  }

  /** @param subprotocol none: text messages; else binary ones */
  static async open(
    { port, secure, from }: Route,
    path: string,
    subprotocol?: string,
  ): Promise<WebSocketPipe> {
    const headers: Record<string, string> = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.from('a generator key.').toString('base64'),
    };
    if (subprotocol !== undefined) headers['sec-websocket-protocol'] = subprotocol;
    const options = { host: '127.0.0.1', port, path, headers, localAddress: from, rejectUnauthorized: false };
    const call = secure ? secureRequest(options) : request(options);
    call.end();
    const socket = await new Promise<Socket>((resolve, reject) => {
      call.on('upgrade', (_response, upgraded: Socket, head: Buffer) => {
        upgraded.unshift(head);
        resolve(upgraded);
      });
      call.on('response', ({ statusCode }) =>
        reject(new Error(`the upgrade was answered with ${statusCode}`)),
      );
      call.on('error', reject);
    });
    return new WebSocketPipe(socket, subprotocol === undefined ? text : binary);
  }

  override get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  protected override frame(out: Buffer, position: number, length: number): number {
    out[position] = this.#start;
    let at = position + 2;
    if (length < 126) out[position + 1] = 0x80 | length;
    else if (length < 65_536) {
      out[position + 1] = 0x80 | 126;
      at = out.writeUInt16BE(length, at);
    } else {
      out[position + 1] = 0x80 | 127;
      at = out.writeUInt32BE(length, out.writeUInt32BE(0, at));
    }
    out.set(key, at);
    this.#begun = at + key.length;
    return this.#begun;
  }

  protected override seal(out: Buffer, end: number): void {
    const begun = this.#begun;
    for (let at = begun; at < end; at += 1) out[at]! ^= key[((at - begun) & 3) as 0 | 1 | 2 | 3];
  }

  protected override write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  protected override split(bytes: Buffer): number {
    let at = 0;
    while (at + 2 <= bytes.length) {
      let start = at + 2;
      let length = bytes[at + 1]!;
      if (length === 126) {
        if (at + 4 > bytes.length) break;
        length = bytes.readUInt16BE(at + 2);
        start += 2;
      } else if (length === 127) {
        if (at + 10 > bytes.length) break;
        length = bytes.readUInt32BE(at + 6);
        start += 8;
      }
      const end = start + length;
      if (end > bytes.length) break;
      this.#frame(bytes[at]!, bytes, start, end);
      at = end;
    }
    return at;
  }

  #frame(first: number, bytes: Buffer, start: number, end: number): void {
    if (first === this.#start) this.deliver(bytes, start, end);
    else if (first === closing) this.broken(`closed with ${bytes.toString('utf8', start, end)}`);
    else if (first !== ping) this.broken(`a frame that begins with ${first}`);
  }

  protected override async hangUp(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.end(Buffer.from([closing, 0x80, 0, 0, 0, 0]));
    });
  }
}

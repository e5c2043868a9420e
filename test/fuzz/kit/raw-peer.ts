import { connect } from 'node:net';
import type { Input } from '../target.ts';

/** What a raw peer saw. */
export interface RawAnswer {
  readonly bytes: Buffer;
  /** The gateway ended the connection; else the peer gave up waiting. */
  readonly ended: boolean;
}

/** Quiet that ends an exchange, in milliseconds: before the first byte of an answer, and behind it. */
const FIRST_MS = 300;
const QUIET_MS = 20;
/** … and its end where it is never quiet. */
const LONGEST_MS = 2000;

/** Sends segments over a connection of its own, waits until the gateway ends it or is quiet, and resets it. */
export function exchangeBytes(port: number, segments: Input): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const chunks: Buffer[] = [];
    let isWritten = false;
    let quiet: NodeJS.Timeout | undefined;
    const finish = (ended: boolean): void => {
      clearTimeout(quiet);
      clearTimeout(longest);
      if (!socket.destroyed) socket.resetAndDestroy();
      resolve({ bytes: Buffer.concat(chunks), ended });
    };
    const longest = setTimeout(() => finish(false), LONGEST_MS);
    const listen = (): void => {
      clearTimeout(quiet);
      if (isWritten) quiet = setTimeout(() => finish(false), chunks.length > 0 ? QUIET_MS : FIRST_MS);
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      listen();
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.on('end', () => finish(true));
    socket.once('connect', async () => {
      for (const segment of segments) {
        if (socket.destroyed) return;
        socket.write(segment);
        await new Promise((resume) => setImmediate(resume));
      }
      isWritten = true;
      listen();
    });
  });
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { http2Frame, writeFrame } from '../../fuzz/kit/http2-frames.ts';
import { expectServes, type Subject } from './conformance-kit.ts';
import { ErrorCode, type Http2Peer } from './http2-peer.ts';

const nothing = new Uint8Array(0);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Octets that are held in this process, the gateway's and the tests'. */
export function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Writes what `next` gives until the connection ends or so many octets are written; the octets that were. */
export async function flood(peer: Http2Peer, next: () => Uint8Array, mostBytes: number): Promise<number> {
  let sent = 0;
  peer.isFlooding = true;
  while (sent < mostBytes && !peer.isClosed && !peer.socket.destroyed) {
    const bytes = next();
    sent += bytes.length;
    if (peer.socket.write(bytes)) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise<void>((resolve) => onceWritable(peer, resolve));
  }
  return sent;
}

/** Neither a peer whose socket takes nothing for a while nor one that ended is waited for longer. */
function onceWritable({ socket }: Http2Peer, done: () => void): void {
  const timer = setTimeout(finish, 300);
  function finish(): void {
    clearTimeout(timer);
    socket.off('drain', finish);
    socket.off('close', finish);
    done();
  }
  socket.once('drain', finish);
  socket.once('close', finish);
}

/** The gateway cut the peer for what it did, or for what it was told that it must not do. */
export async function expectCut(peer: Http2Peer, withinMs = 4_000): Promise<void> {
  await peer.until(() => peer.isClosed, 'the end of the attacker', withinMs);
  const { ENHANCE_YOUR_CALM, INTERNAL_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, NO_ERROR } = ErrorCode;
  // A socket that is destroyed may lose the GOAWAY; nghttp2 says INTERNAL_ERROR where it has no better word.
  expect([
    undefined,
    NO_ERROR,
    ENHANCE_YOUR_CALM,
    INTERNAL_ERROR,
    PROTOCOL_ERROR,
    FLOW_CONTROL_ERROR,
  ]).toContain(peer.goAway);
}

/** What is done to one connection disturbs no other. */
export async function expectHarmless(
  served: Subject,
  attack: (peer: Http2Peer) => Promise<void>,
): Promise<void> {
  const neighbour = await served.peer();
  // Whoever has asked for nothing yet may have to go when there is an attack from its address.
  await expectServes(neighbour);
  const attacker = await served.peer();
  await attacker.ping();
  let longest = 0;
  let isOver = false;
  const attacking = attack(attacker).finally(() => {
    isOver = true;
  });
  do {
    const start = performance.now();
    await expectServes(neighbour);
    longest = Math.max(longest, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (!isOver);
  await attacking;
  // Two cores are shared with other suites: this is no measure of speed.
  expect(longest).toBeLessThan(3_000);
}

/** A frame in bytes. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = nothing,
): Uint8Array {
  return writeFrame(http2Frame(type, flags, stream, payload));
}

/** Frames of so many new streams at a time. */
export function perStream(
  peer: Http2Peer,
  make: (stream: number) => Uint8Array[],
  at = 50,
): () => Uint8Array {
  return () => Buffer.concat(Array.from({ length: at }, () => make(peer.expect(peer.nextStream()))).flat());
}

/** The same, 16 KiB of it at a time. */
export function repeated(bytes: Uint8Array): () => Uint8Array {
  const many = Buffer.concat(Array.from({ length: Math.ceil(16_384 / bytes.length) }, () => bytes));
  return () => many;
}

/** An attacker in a process of its own. Started by `AttackerChild`. */
import { connect } from 'node:net';
import type { AttackOptions, AttackReport } from './attacker-child.ts';
import { floods } from './attacks.ts';

/** How soon an attacker who was cut comes back, in milliseconds. */
const reconnectMs = 5;

const options = JSON.parse(process.argv[2] ?? '{}') as AttackOptions;
const cuts: number[] = [];
const open = new Map<symbol, number>();
let refused = 0;
let bytes = 0;
let stopped = false;

function attack(): void {
  if (stopped) return;
  const { flood } = options;
  const { opening, next, paceMs } = floods[flood]();
  const socket = connect({ port: options.port, host: '127.0.0.1', localAddress: options.from });
  const id = Symbol('connection');
  let answered = false;
  socket.setNoDelay(true);
  socket.on('error', () => {});
  // What comes is read and thrown away: the gateway is not to be slowed down by full buffers alone.
  socket.on('data', () => {
    if (answered) return;
    answered = true;
    say();
  });
  const say = (): void => {
    while (!socket.destroyed && !stopped) {
      const more = socket.write(next());
      if (paceMs > 0) {
        setTimeout(say, paceMs);
        return;
      }
      if (!more) {
        socket.once('drain', say);
        return;
      }
    }
  };
  socket.on('connect', () => {
    open.set(id, performance.now());
    socket.write(opening);
    // HTTP/2 servers speak first; an HTTP/1.1 server waits for the request.
    if (flood === 'slowloris' || flood === 'pipelining') say();
  });
  socket.on('close', () => {
    const since = open.get(id);
    open.delete(id);
    bytes += socket.bytesWritten;
    const lasted = since === undefined ? 0 : performance.now() - since;
    if (since === undefined || (!answered && lasted < 100)) refused += 1;
    else if (!stopped) cuts.push(lasted);
    setTimeout(attack, reconnectMs);
  });
}

for (let index = 0; index < options.connections; index += 1) attack();
setTimeout(() => {
  stopped = true;
  const now = performance.now();
  const uncut = [...open.values()].map((since) => now - since);
  const report: AttackReport = { cuts, uncut, refused, bytes };
  process.send?.(report, () => process.exit(0));
}, options.durationMs);
process.on('disconnect', () => process.exit(0));

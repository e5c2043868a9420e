import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { seededRandom } from '../../src/load/random.ts';
import { directTravel, FaultPipe, type Travel } from './fault-pipe.ts';

/** What is wrong with a link, in each direction. Up: from client to gateway. */
export interface Faults {
  readonly up: Travel;
  readonly down: Travel;
}

/** What may be said of a link, for both directions at once. */
export interface FaultOptions extends Partial<Omit<Travel, 'hole'>> {
  /** Where nothing is handed on. */
  readonly hole?: 'none' | 'up' | 'down' | 'both';
}

/** What becomes of new connections: they pass, are reset at once, or wait, accepted and unanswered, until it is open. */
export type Door = 'open' | 'refuse' | 'hole';

/** What waited behind a closed door may be given up already: its end travels more slowly than what it said. */
const lateEndMs = 300;

/** One proxied connection. */
export class FaultConnection {
  /** 1, 2, 3 … in the order of accepting. */
  readonly number: number;
  readonly up: FaultPipe;
  readonly down: FaultPipe;
  readonly near: Socket;
  readonly far: Socket;
  #faults: Faults;

  constructor(
    number: number,
    near: Socket,
    far: Socket,
    faults: Faults,
    random: () => number,
    lingerMs: number,
  ) {
    this.number = number;
    this.near = near;
    this.far = far;
    this.#faults = faults;
    const cut = () => this.reset();
    this.up = new FaultPipe(near, far, faults.up, random, cut, lingerMs);
    this.down = new FaultPipe(far, near, faults.down, random, cut);
    // Whoever is gone takes the other side along; only `halfOpen` leaves one side in the dark.
    near.on('close', () => setTimeout(() => this.#end(far), lingerMs));
    far.on('close', () => this.#end(near));
  }

  set(options: FaultOptions): void {
    this.#faults = changed(this.#faults, options);
    this.up.travel = this.#faults.up;
    this.down.travel = this.#faults.down;
  }

  /** Both sides get an RST. */
  reset(): void {
    this.#stop();
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
  }

  /** Both sides get a FIN; what is on its way is lost. */
  close(): void {
    this.#stop();
    this.near.destroy();
    this.far.destroy();
  }

  /** The client's side is reset; the gateway goes on talking to nobody. */
  halfOpen(): void {
    this.#stop();
    this.near.removeAllListeners('close');
    this.near.resetAndDestroy();
    this.far.resume();
  }

  #stop(): void {
    this.up.stop();
    this.down.stop();
  }

  #end(other: Socket): void {
    this.#stop();
    if (!other.destroyed) other.destroy();
  }
}

/** A network between clients and gateway that goes wrong as it is told to; the same seed, the same slices and jitter. */
export class FaultProxy {
  /** Called for each connection that passes the door, before anything travels. */
  onConnection: (connection: FaultConnection) => void = () => {};
  readonly connections = new Set<FaultConnection>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  readonly #target: URL;
  #door: Door = 'open';
  readonly #random: () => number;
  #faults: Faults = { up: directTravel, down: directTravel };
  #count = 0;

  private constructor(target: URL, seed: number) {
    this.#target = target;
    this.#random = seededRandom(seed);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      this.#track(near);
      if (this.#door === 'refuse') near.resetAndDestroy();
      else if (this.#door === 'hole') this.#waiting.add(near.pause());
      else this.#pass(near);
    });
  }

  static async start(target: string, seed = 1): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target), seed);
    proxy.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get door(): Door {
    return this.#door;
  }

  set door(door: Door) {
    this.#door = door;
    if (door === 'hole') return;
    // The newest first: what a client tried before, and gave up since, arrives after what it tries now.
    for (const [index, near] of [...this.#waiting].reverse().entries()) {
      if (door === 'refuse') near.resetAndDestroy();
      else setTimeout(() => this.#pass(near, lateEndMs), index);
    }
    this.#waiting.clear();
  }

  /** For all connections, those to come included. */
  set(options: FaultOptions): void {
    this.#faults = changed(this.#faults, options);
    for (const connection of this.connections) connection.set(options);
  }

  /** Resets each connection with this probability. Returns how many. */
  cut(share = 1): number {
    let count = 0;
    for (const connection of [...this.connections]) {
      if (this.#random() >= share) continue;
      connection.reset();
      count += 1;
    }
    return count;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(near: Socket, lingerMs = 0): void {
    if (near.destroyed) return;
    const { hostname, port } = this.#target;
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    this.#track(far);
    this.#count += 1;
    // A generator of its own for each connection: their numbers do not depend on who comes first.
    const random = seededRandom(Math.floor(this.#random() * 2 ** 31) + this.#count);
    const connection = new FaultConnection(this.#count, near, far, this.#faults, random, lingerMs);
    near.resume();
    this.connections.add(connection);
    const forget = () => {
      if (near.destroyed && far.destroyed) this.connections.delete(connection);
    };
    near.on('close', forget);
    far.on('close', forget);
    this.onConnection(connection);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
  }
}

function changed(faults: Faults, { hole, ...travel }: FaultOptions): Faults {
  const of = (before: Travel, side: 'up' | 'down'): Travel => ({
    ...before,
    ...travel,
    hole: hole === undefined ? before.hole : hole === side || hole === 'both',
  });
  return { up: of(faults.up, 'up'), down: of(faults.down, 'down') };
}

import { setTimeout as delay } from 'node:timers/promises';
import { SignJWT } from 'jose';
import type { RawConfig } from '../../../src/config.ts';
import { Bystanders } from '../../helpers/bystanders.ts';
import { type E2eGateway, signingKey, startE2eGateway } from '../../helpers/e2e-gateway.ts';

const boundless = { burst: 1_000_000, perSecond: 1_000_000 };

/** Sessions and rooms of fuzzers go soon, so that a long run holds few. */
const config: RawConfig = {
  classic: { room: 'classic' },
  rooms: [{ pattern: '*', joinCreates: true, settings: { emptyTimeout: '1s', departureTimeout: '1s' } }],
  limits: { resumeWindowMs: 500, holdMs: 1000, handshakeMs: 5000 },
  // Node keeps some sessions whose client has gone behind a GOAWAY: they are let go before `close` looks.
  // All that is fuzzed comes from one address, which would pay for it and be turned away.
  portLimits: {
    departureMs: 1000,
    ...{ cutCost: 1, violationCost: 1, refusedHelloCost: 1 },
    ...{ connectionRate: boundless, sessionRate: boundless, callRate: boundless },
  },
};

/**
 * A whole gateway in this process with what a fuzzer watches: exceptions that nobody caught, errors in its log, two
 * clients who talk all the while, and what is left at the end.
 */
export class FuzzedGateway {
  readonly #gateway: E2eGateway;
  readonly #unhandled: string[] = [];
  readonly #note = (error: unknown): void => {
    this.#unhandled.push(
      `uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  };
  #bystanders: Bystanders | undefined;
  #logged = 0;

  private constructor(gateway: E2eGateway) {
    this.#gateway = gateway;
    process.on('uncaughtException', this.#note);
    process.on('unhandledRejection', this.#note);
  }

  static async start(): Promise<FuzzedGateway> {
    const fuzzed = new FuzzedGateway(await startE2eGateway(config));
    fuzzed.#bystanders = await Bystanders.start(fuzzed.#gateway, 'bystanders', ['grpc', 'ws-proto']);
    return fuzzed;
  }

  get port(): number {
    return this.#gateway.port;
  }

  get url(): string {
    return this.#gateway.url;
  }

  /** Errors since the last call. */
  faults(): string[] {
    const { errors } = this.#gateway;
    const logged = errors.slice(this.#logged).map((line) => `logged: ${JSON.stringify(line)}`);
    this.#logged = errors.length;
    return [...this.#unhandled.splice(0), ...logged];
  }

  /** The two talk. Throws where a signal is lost or either is disturbed. */
  async check(): Promise<void> {
    await this.#bystanders?.talk();
    this.#bystanders?.check();
  }

  /** Throws where a session, a connection or a socket outlives its peer. */
  async close(): Promise<void> {
    this.#bystanders?.close();
    const { node, gateway } = this.#gateway.served;
    const left = (): number => node.figures.sessions + node.figures.connections + gateway.openSockets;
    for (let tries = 0; tries < 400 && left() > 0; tries += 1) await delay(25);
    if (left() > 0) {
      const { sessions, connections } = node.figures;
      const sockets = gateway.openSockets;
      throw new Error(`left behind: ${sessions} sessions, ${connections} connections, ${sockets} sockets`);
    }
    await this.#gateway.close().catch((error: unknown) => {
      // What it logged was told by `faults` already.
      if (this.#gateway.errors.length === 0) throw error;
    });
  }
}

/** A token that never ends and is the same in every run, so that kept inputs stay good. */
export function lastingToken(sub: string, more: object = {}): Promise<string> {
  return new SignJWT({ sub, iat: 1_700_000_000, ...more })
    .setProtectedHeader({ alg: 'HS256', typ: 'signalbox+jwt', kid: signingKey.kid })
    .sign(Buffer.from(signingKey.secret, 'base64url'));
}

import { Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { NewHello, NewRoomPosition, Welcome } from './codec/messages.ts';
import type { Environment } from './environment.ts';
import type { ConnectOptions } from './options.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { TokenSource } from './token-source.ts';
import { SCHEMA_REVISION, SDK_VERSION } from './version.ts';
import { features } from './vocabulary.ts';

/** Tokens in a row that the gateway refused before the session gives up. */
const TOKEN_TRIES = 3;

/** How far the session was read. */
export interface ReadPosition {
  readonly epoch: string;
  readonly receivedSeq: number;
  readonly rooms: readonly NewRoomPosition[];
}

/** What opens a session and takes it up again: token, resume token, and the attempt that fences late ones off. */
export class Handshake {
  readonly #environment: Environment;
  readonly #options: ConnectOptions;
  readonly #tokens: TokenSource;
  #sessionId = '';
  #resumeToken = '';
  #attempt = 0;
  #established = false;
  #refusedTokens = 0;

  constructor(environment: Environment, options: ConnectOptions, tokens: TokenSource) {
    this.#environment = environment;
    this.#options = options;
    this.#tokens = tokens;
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  /** A Welcome came once: from now on a session that is not resumed is a fresh one. */
  get established(): boolean {
    return this.#established;
  }

  /** The Hello of the next try. Rejects with SignalboxError where there is no token to be had. */
  async hello(position: () => ReadPosition): Promise<NewHello> {
    const token = await this.#token();
    const { deviceId = this.#environment.deviceId, app = '' } = this.#options;
    const can = this.#options.features ?? ['rollback', 'ice_restart'];
    const resuming = this.#resumeToken !== '';
    if (resuming) this.#attempt += 1;
    return {
      token,
      deviceId,
      schemaRevision: SCHEMA_REVISION,
      features: can.map((feature) => features.value(feature)),
      client: { sdk: 'signalbox-js', sdkVersion: SDK_VERSION, platform: this.#environment.platform, app },
      ...(resuming && { resume: { token: this.#resumeToken, attempt: this.#attempt, ...position() } }),
    };
  }

  /** What became of the session. */
  welcomed(welcome: Welcome): 'new' | 'resumed' | 'fresh' {
    this.#refusedTokens = 0;
    this.#sessionId = welcome.sessionId;
    this.#attempt = Math.max(this.#attempt, welcome.attempt);
    if (welcome.resumeToken !== '') this.#resumeToken = welcome.resumeToken;
    if (welcome.outcome === Welcome_Outcome.RESUMED) return 'resumed';
    this.#attempt = welcome.attempt;
    const outcome = this.#established ? 'fresh' : 'new';
    this.#established = true;
    return outcome;
  }

  /** The gateway wants a new session. */
  forgetSession(): void {
    this.#resumeToken = '';
  }

  /** The gateway refused the token. False: there is no other to try. */
  tokenRefused(): boolean {
    this.#refusedTokens += 1;
    this.#tokens.forget();
    return this.#tokens.renewable && this.#refusedTokens <= TOKEN_TRIES;
  }

  async #token(): Promise<string> {
    try {
      return await this.#tokens.get();
    } catch (cause) {
      // At the start the application is told; later the session goes on trying.
      const next = this.#established ? 'resume' : 'stop';
      throw new SignalboxError({
        reason: 'token_invalid',
        next,
        detail: `no token to be had: ${cause}`,
        cause,
      });
    }
  }
}

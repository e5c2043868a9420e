import { Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { NewHello, NewRoomPosition, Welcome } from './codec/messages.ts';
import type { Environment } from './environment.ts';
import type { ConnectOptions } from './options.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Kept, TabKeeper, TabPast } from './tab-keeper.ts';
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
  readonly #keeper: TabKeeper | undefined;
  #sessionId = '';
  #resumeToken = '';
  #attempt = 0;
  #established = false;
  #hasPast = false;
  #refusedTokens = 0;

  constructor(environment: Environment, options: ConnectOptions, tokens: TokenSource, tab?: TabPast) {
    this.#environment = environment;
    this.#options = options;
    this.#tokens = tokens;
    this.#keeper = tab?.keeper;
    const kept = tab?.kept;
    if (kept === undefined) return;
    this.#sessionId = kept.session;
    this.#resumeToken = kept.resumeToken;
    this.#attempt = kept.attempt;
    this.#hasPast = true;
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  /** A Welcome came. */
  get established(): boolean {
    return this.#established;
  }

  /** There was a session before the next Welcome, of this page or the one before: frames were given its numbers. */
  get hasPast(): boolean {
    return this.#hasPast;
  }

  /** What the next page of the tab needs to go on; undefined before there is a session. */
  get kept(): Pick<Kept, 'session' | 'resumeToken' | 'attempt'> | undefined {
    const [session, resumeToken, attempt] = [this.#sessionId, this.#resumeToken, this.#attempt];
    return resumeToken === '' ? undefined : { session, resumeToken, attempt };
  }

  /** The Hello of the next try. Rejects with SignalboxError where there is no token to be had. */
  async hello(position: () => ReadPosition): Promise<NewHello> {
    const token = await this.#token();
    const installation = this.#environment.deviceId;
    const own = this.#keeper?.deviceId(installation) ?? installation;
    const { deviceId = own, app = '' } = this.#options;
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
    const outcome = this.#hasPast ? 'fresh' : 'new';
    this.#established = true;
    this.#hasPast = true;
    if (welcome.outcome === Welcome_Outcome.RESUMED) return 'resumed';
    this.#attempt = welcome.attempt;
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

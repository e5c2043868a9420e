import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { SessionRecord } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { IceServersUpdateSchema, TokenExpiringSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import type { IceServerList } from '../ice-servers.ts';
import { timestampField } from '../server-frame.ts';
import { HalfLives } from './half-lives.ts';
import type { Session } from './session.ts';

/** Ends of credentials lie on whole seconds: what seems shorter by less than this is not. */
const roundingMs = 1000;

type SavedIce = Pick<SessionRecord, 'iceFrom' | 'iceUntil' | 'iceKeepsRelays'>;

/**
 * What a session was given and what ends: its token and the credentials of its ICE servers. Both are spoken of before, at
 * half their life, while the session is attached; a connection that begins is told anew. No timers: the node looks once a
 * second.
 */
export class CredentialClock {
  readonly #session: Session;
  readonly #token = new HalfLives();
  /** Of the oldest credentials that relayed connections of the client may still live on. */
  readonly #ice = new HalfLives();
  /** Relayed connections outlive those credentials. */
  #keepsRelays = false;

  constructor(session: Session) {
    this.#session = session;
    this.granted();
  }

  /** A token is in force. One that ends when the one before did begins no new life. */
  granted(): void {
    const { grants, host } = this.#session;
    if (grants.expiresAt === this.#token.end) return;
    const now = host.clock.now();
    const start = grants.issuedAt > 0 ? Math.min(grants.issuedAt, now) : now;
    this.#token.begin(start, grants.expiresAt);
  }

  /** ICE servers with fresh credentials, for a Welcome. */
  iceServers(): IceServerList {
    const fresh = this.#freshIceServers();
    // Relayed connections that were made before go on with their older credentials: their clock runs on.
    if (!Number.isFinite(this.#ice.end) || this.#keepsRelays) this.#beginIce(fresh);
    return fresh;
  }

  /** Goes on from the state file: relays outlive the gateway that gave them their credentials. */
  restoreIce({ iceFrom, iceUntil, iceKeepsRelays }: SavedIce): void {
    this.#ice.begin(iceFrom, iceUntil);
    this.#keepsRelays = iceKeepsRelays;
  }

  /** For the state file: from when and until when credentials are good that relays may live on; Infinity: there are none. */
  saveIce(): SavedIce {
    return { iceFrom: this.#ice.start, iceUntil: this.#ice.end, iceKeepsRelays: this.#keepsRelays };
  }

  /** A connection begins, behind its Welcome. */
  attached(isResumed: boolean): void {
    this.#token.again();
    this.check(this.#session.host.clock.now());
    if (isResumed) this.renewIceServers();
  }

  /** Called about once a second while attached. True: something was due. */
  check(now: number): boolean {
    const tokenDue = this.#token.isDue(now);
    const iceDue = this.#ice.isDue(now);
    if (tokenDue) this.#tellToken(now);
    if (iceDue && !this.renewIceServers()) this.#ice.told(now);
    return tokenDue || iceDue;
  }

  /**
   * Hands over fresh ICE servers if what is left of the credentials is half of what fresh ones would have, or less: half
   * their life has gone, or a newer token lets them live longer. False: nothing was handed over.
   */
  renewIceServers(): boolean {
    if (!Number.isFinite(this.#ice.end) || this.#session.state.kind !== 'attached') return false;
    const fresh = this.#freshIceServers();
    const now = this.#session.host.clock.now();
    if (this.#ice.end - now > (fresh.expiresAt - now) / 2 + roundingMs) return false;
    const value = create(IceServersUpdateSchema, {
      iceServers: fresh.servers,
      ...timestampField('expireAt', fresh.expiresAt),
      restartIce: !this.#keepsRelays,
    });
    this.#session.outgoing.tell({ case: 'iceServersUpdate', value });
    this.#beginIce(fresh);
    return true;
  }

  #beginIce({ expiresAt, keepsRelays = false }: IceServerList): void {
    this.#ice.begin(this.#session.host.clock.now(), expiresAt);
    this.#keepsRelays = keepsRelays;
  }

  #freshIceServers(): IceServerList {
    const { host, id, info, grants } = this.#session;
    return host.iceServers.for({
      sessionId: id,
      identity: info.identity,
      tenant: info.tenant,
      tokenExpiresAt: grants.expiresAt,
    });
  }

  #tellToken(now: number): void {
    this.#token.told(now);
    const { host, id, grants } = this.#session;
    const tell = (token: string) => {
      // Meanwhile the client may have brought a token of its own, or have gone: it is told anew when it comes back.
      if (this.#session.state.kind !== 'attached' || this.#session.grants !== grants) return;
      const value = create(TokenExpiringSchema, { expiresAt: timestampFromMs(grants.expiresAt), token });
      this.#session.outgoing.tell({ case: 'tokenExpiring', value });
    };
    const renewed = this.#renewedToken(now);
    if (renewed === undefined) tell('');
    else {
      renewed.then(tell, (error: unknown) => {
        host.log.error({ err: error, session: id }, 'a token could not be renewed');
        tell('');
      });
    }
  }

  /**
   * The session's token with another life of the same length, where the token says that the gateway may renew it, no longer
   * than it says so and no longer than the operator wants. '': it has no key to sign with. Undefined: it may not.
   */
  #renewedToken(now: number): Promise<string> | undefined {
    const { host, grants, info } = this.#session;
    const end = Math.min(
      now + this.#token.end - this.#token.start,
      grants.renewUntil,
      info.bornAt + host.limits.renewalMs,
    );
    if (host.issuer === undefined || end - grants.expiresAt < roundingMs) return undefined;
    return host.issuer.renew(grants, end - now).then((issued) => ('refused' in issued ? '' : issued.token));
  }
}

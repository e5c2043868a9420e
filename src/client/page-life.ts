import { ClientState_Activity as Activity } from '../../gen/signalbox/v1/session_pb.ts';
import { durationFrom } from './codec/time.ts';
import type { Connection } from './connection.ts';
import type { Handshake } from './handshake.ts';
import type { PageHandlers } from './page-watch.ts';
import type { SessionState } from './session.ts';
import type { TabKeeper } from './tab-keeper.ts';
import type { Traffic } from './traffic.ts';

/** How long the gateway is asked to keep the session of a page that is put away. */
export const HOLD_MS = 600_000;
/** Delay before peers are told that a page went, unless the application says another: a reload comes back within it. */
export const PAGE_GRACE_MS = 5_000;

/** The session of a page, as far as the page concerns it. */
export interface PageSession {
  state(): SessionState;
  readonly connection: Connection;
  readonly traffic: Traffic;
  readonly handshake: Handshake;
  readonly keeper: TabKeeper | undefined;
  readonly onPageHide: 'leave' | 'suspend';
  readonly graceMs: number;
  /** Rooms that this page or the one before is in: own ids by name. */
  roomIds(): ReadonlyMap<string, string>;
  /** Ends the connection until `connection.start`. */
  sleep(): void;
}

/** Tells the gateway that the client is about to be stopped, and how long to keep the session. */
export function tellSuspended(traffic: Traffic, holdMs: number): void {
  const value = { activity: Activity.SUSPENDED, hold: durationFrom(holdMs) };
  traffic.send({ case: 'clientState', value });
}

/** What a session does as its page comes and goes. */
export class PageLife implements PageHandlers {
  readonly #session: PageSession;
  /** Between `hiding` and `restored`; a page from the bfcache is thawed and shown, which is twice the same. */
  #away = false;
  /** Put to sleep by the page, not by the application. */
  #asleep = false;

  constructor(session: PageSession) {
    this.#session = session;
  }

  probe(): void {
    this.#session.connection.probe();
  }

  networkChanged(): void {
    this.#session.connection.networkChanged();
  }

  visible(visible: boolean): void {
    const { connection, traffic } = this.#session;
    const activity = visible ? Activity.FOREGROUND : Activity.BACKGROUND;
    if (!connection.congested) traffic.send({ case: 'clientState', value: { activity } });
    if (visible) connection.probe();
  }

  hiding(kept: boolean): void {
    const { connection, traffic, handshake, keeper, onPageHide, graceMs } = this.#session;
    const state = this.#session.state();
    if (state.status === 'closed' || this.#away) return;
    if (state.status === 'connected') {
      if (kept || onPageHide === 'suspend') tellSuspended(traffic, HOLD_MS);
      else for (const room of traffic.rooms.values()) room.leaveWithGrace(graceMs);
      connection.flush();
    }
    const session = handshake.kept;
    if (session !== undefined)
      keeper?.leave({ ...session, ...traffic.leave(), rooms: this.#session.roomIds() });
    this.#away = true;
    if (!kept) return;
    this.#asleep = state.status !== 'suspended';
    if (this.#asleep) this.#session.sleep();
  }

  async restored(): Promise<void> {
    if (!this.#away) return;
    this.#away = false;
    const { connection, traffic, handshake, keeper } = this.#session;
    const mine = (await keeper?.comeBack()) ?? true;
    if (!mine) handshake.forgetSession();
    traffic.outbox.unseal();
    if (this.#asleep && this.#session.state().status === 'suspended') connection.start();
    this.#asleep = false;
  }
}

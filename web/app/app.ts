import { effect, signal } from '@preact/signals';
import type { Room, RoomClosed, Session } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/client/index.ts';
import { DeviceAccess, pageAccess } from '../model/device-access.ts';
import { Devices } from '../model/devices.ts';
import { EchoGuard } from '../model/echo-guard.ts';
import { Levels } from '../model/levels.ts';
import { LocalMedia } from '../model/local-media.ts';
import { Page } from '../model/page.ts';
import type { End } from '../model/phase.ts';
import { endOf } from '../model/phase.ts';
import { Playback } from '../model/playback.ts';
import type { Address } from './address.ts';
import { linkTo, overHttps, readAddress } from './address.ts';
import { Call } from './call.ts';
import { JoinAttempt } from './join-attempt.ts';
import { mirror } from './mirror.ts';
import type { Say } from './notes.ts';
import { rememberStarted, startedHere, suggestRoom } from './room-name.ts';
import type { Kind } from './screen.ts';
import { type Screen, staysInForm } from './screen.ts';
import { explain, explainMissing } from './sentences.ts';
import { tidyName, tidyRoom } from './tidy.ts';
import { OWN } from './tile.ts';
import { NoTokens } from './tokens.ts';
import { leaveWayBack, takeWayBack } from './way-back.ts';

/** The page: where the visitor is, what was typed, and what leads from one screen to the next. */
export class App {
  readonly screen = signal<Screen>({ at: 'before' });
  readonly name = signal('');
  readonly room = signal('');
  readonly token = signal('');
  readonly tokenNeeded = signal(false);
  readonly problem = signal<Say | undefined>(undefined);
  /** What to join with. */
  readonly wish = signal<Readonly<Record<Kind, boolean>>>({ camera: true, microphone: true });
  readonly devices = new Devices();
  readonly media: LocalMedia;
  readonly levels = new Levels();
  readonly echo = new EchoGuard();
  readonly page = new Page();
  readonly playback = new Playback();
  /** Where sound comes out; undefined: the default. */
  readonly speaker = signal(this.devices.chosen('speaker'));
  readonly own;
  readonly deviceList;
  readonly twins;
  readonly #address: Address;
  readonly #access: DeviceAccess;
  #suggested = '';
  #attempt: JoinAttempt | undefined;

  constructor(location: Pick<Location, 'search' | 'hash'>) {
    this.#address = readAddress(location);
    this.#access = new DeviceAccess(pageAccess(overHttps(this.#address.room, globalThis.location.href)));
    this.media = new LocalMedia({ access: this.#access, devices: this.devices });
    this.own = mirror(this.media.state);
    this.deviceList = mirror(this.devices.list);
    this.twins = mirror(this.echo.twins);
    if (this.speaker.value !== undefined) void this.playback.setSpeaker(this.speaker.value);
    effect(() => this.#listen());
    this.page.visible.subscribe((visible) => {
      if (visible && this.screen.value.at === 'call') this.echo.recheck();
    });
    this.name.value = this.#address.name;
    this.token.value = this.#address.token;
    this.room.value = this.#address.room;
    if (this.room.value === '') this.suggest();
  }

  /** Language asked for by the address; ''. */
  get language(): string {
    return this.#address.language;
  }

  /** The address to send to others. */
  get link(): string {
    return linkTo(tidyRoom(this.room.value), location.href);
  }

  suggest(): void {
    this.#suggested = suggestRoom();
    this.room.value = this.#suggested;
  }

  /** By a click: asks for what is wished, and shows it. */
  async preview(kinds: readonly Kind[] = this.#wished()): Promise<void> {
    this.problem.value = undefined;
    await Promise.all([this.media.open(kinds), this.levels.resume()]);
    this.#sayRefusals(kinds);
  }

  async toggleWish(kind: Kind): Promise<void> {
    const on = !this.wish.value[kind];
    this.wish.value = { ...this.wish.value, [kind]: on };
    this.problem.value = undefined;
    if (!on) this.media.close(kind);
    // Only the click on the preview asks for the first time, or the one on Join did.
    else if (this.#opened || this.screen.value.at === 'waiting') await this.preview([kind]);
  }

  /** `without`: with neither camera nor microphone. */
  async join(without = false): Promise<void> {
    if (this.screen.value.at !== 'before' && this.screen.value.at !== 'after') return;
    this.problem.value = undefined;
    if (!this.#tidy()) return;
    void this.levels.resume();
    const kinds = without ? [] : this.#wished();
    if (without) this.media.close();
    const missing = kinds.filter((kind) => !this.#has(kind));
    if (missing.length > 0) {
      await this.media.open(missing);
      // With nothing of what was wanted the visitor decides; with a part of it the call begins.
      if (!kinds.some((kind) => this.#has(kind)) && this.#sayRefusals(kinds)) {
        this.screen.value = { at: 'before' };
        return;
      }
    }
    await this.#connect();
  }

  /** While connecting or waiting. */
  cancel(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.screen.value = { at: 'before' };
  }

  async rejoin(): Promise<void> {
    await this.join(!this.wish.value.camera && !this.wish.value.microphone);
  }

  back(): void {
    this.screen.value = { at: 'before' };
  }

  /** Back to the form, for another token. */
  askToken(): void {
    this.token.value = '';
    this.tokenNeeded.value = true;
    this.back();
  }

  /** The page goes: other tabs need not expect an echo of it. */
  hidden(): void {
    this.echo.leave();
    if (this.screen.value.at !== 'call') return;
    const { camera, microphone } = this.own.value;
    leaveWayBack({
      room: this.room.value.trim(),
      name: this.name.value,
      token: this.token.value,
      camera: camera.state === 'on',
      microphone: microphone.state === 'on',
    });
  }

  /**
   * In a page that was reloaded in a call, or come back to: joins it again. Nobody is asked for a device: what is not allowed
   * already stays off.
   */
  async goOn(): Promise<void> {
    const way = takeWayBack();
    if (way === undefined || way.room !== this.#address.room) return;
    this.name.value = way.name;
    this.token.value = way.token;
    this.wish.value = { camera: way.camera, microphone: way.microphone };
    void this.levels.resume();
    // Others wait for the one who joins, not for the pictures.
    await Promise.all([this.#connect(), this.#openAllowed(this.#wished())]);
  }

  /** The page is back as it was. */
  restored(): void {
    takeWayBack();
    const screen = this.screen.value;
    if (screen.at === 'call') this.echo.enter(screen.call.name);
  }

  chooseSpeaker(id: string): void {
    this.devices.choose('speaker', id);
    this.speaker.value = id;
    void this.playback.setSpeaker(id);
  }

  /** The own voice, before the call and in it. */
  #listen(): void {
    const { microphone } = this.own.value;
    const track = microphone.state === 'on' || microphone.state === 'muted' ? microphone.track : undefined;
    if (track === undefined) this.levels.remove(OWN);
    else this.levels.add(OWN, track);
  }

  async #openAllowed(kinds: readonly Kind[]): Promise<void> {
    const allowed = await Promise.all(kinds.map((kind) => this.#access.isAllowed(kind)));
    const due = kinds.filter((_kind, index) => allowed[index]);
    if (due.length > 0) await this.media.open(due);
  }

  get #opened(): boolean {
    return (['camera', 'microphone'] as const).some((kind) => this.own.value[kind].state !== 'off');
  }

  #has(kind: Kind): boolean {
    const { state } = this.own.value[kind];
    return state === 'on' || state === 'muted';
  }

  #wished(): readonly Kind[] {
    return (['microphone', 'camera'] as const).filter((kind) => this.wish.value[kind]);
  }

  #sayRefusals(kinds: readonly Kind[]): boolean {
    const refused = kinds.flatMap((kind) => {
      const own = this.own.value[kind];
      return own.state === 'refused' ? [{ kind, refusal: own.refusal }] : [];
    });
    const [first, ...rest] = refused;
    if (first === undefined) return false;
    this.problem.value = (words) => explainMissing([first, ...rest], words);
    return true;
  }

  /** Puts in order what was typed or pasted. False: there is no name in it. */
  #tidy(): boolean {
    this.name.value = tidyName(this.name.value);
    this.room.value = tidyRoom(this.room.value);
    if (this.name.value !== '') return true;
    this.problem.value = ({ before }) => before.nameNeeded;
    this.screen.value = { at: 'before' };
    return false;
  }

  async #connect(): Promise<void> {
    this.#attempt?.cancel();
    const room = this.room.value;
    if (room === this.#suggested) rememberStarted(room);
    const attempt = new JoinAttempt({
      room,
      name: this.name.value,
      token: this.token.value.trim(),
      moderate: this.#address.moderate || startedHere(room),
      transport: this.#address.transport,
      onPending: ({ reason, position }) => {
        this.screen.value = {
          at: 'waiting',
          reason: reason === 'not_started' ? 'not_started' : 'lobby',
          position,
        };
      },
    });
    this.#attempt = attempt;
    this.screen.value = { at: 'connecting' };
    try {
      const joined = await attempt.run();
      if (joined !== undefined) this.#enter(joined.session, joined.room);
    } catch (error) {
      this.#failed(error);
    }
  }

  #enter(session: Session, room: Room): void {
    history.replaceState(null, '', linkTo(room.name, location.href));
    this.echo.enter(room.name);
    const { media, levels, page, playback } = this;
    const ended = (end: End, closed: RoomClosed | undefined) => {
      // What was on is what the next tap on "Join again" brings.
      this.wish.value = { camera: this.#has('camera'), microphone: this.#has('microphone') };
      this.echo.leave();
      media.close();
      void session.close();
      if (closed?.reason === 'moved') {
        this.room.value = closed.movedTo;
        this.token.value = closed.token;
      }
      this.screen.value = { at: 'after', end };
    };
    this.screen.value = {
      at: 'call',
      call: new Call({ session, room, media, levels, page, playback, ended }),
    };
  }

  #failed(error: unknown): void {
    if (error instanceof NoTokens) {
      this.tokenNeeded.value = true;
      this.problem.value = ({ before }) => before.tokenNeeded;
      this.screen.value = { at: 'before' };
    } else if (error instanceof SignalboxError && !staysInForm(error.reason)) {
      this.media.close();
      this.screen.value = { at: 'after', end: endOf(error.reason, error.next) };
    } else {
      console.warn('[join]', error);
      this.problem.value = (words) => explain(error, words);
      this.screen.value = { at: 'before' };
    }
  }
}

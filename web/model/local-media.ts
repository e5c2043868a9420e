import type { TrackSource } from '../../src/client/index.ts';
import type { CaptureHost } from './capture.ts';
import { facingOf, pageCapture, sizeFor, trackOf, WISHES, wishFor } from './capture.ts';
import type { DeviceAccess, Kind, Outcome } from './device-access.ts';
import { KINDS } from './device-access.ts';
import type { Device, Devices } from './devices.ts';
import type { MediaNote, Own, OwnMedia, Screen } from './own-media.ts';
import type { PublishingMesh, Wanted } from './publisher.ts';
import { Publisher } from './publisher.ts';
import type { Refusal } from './refusal.ts';
import { ScreenShares } from './screen-shares.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

/** What local media are made of. */
export interface LocalMediaParts {
  readonly access: DeviceAccess;
  readonly devices: Devices;
  readonly capture?: CaptureHost;
}

/** One of camera and microphone, as it is kept. */
interface Source {
  own: Own;
  /** As the visitor wants it; holds while a device opens or is replaced. */
  muted: boolean;
  /** The newest track, which a muted camera has let go of. */
  last: MediaStreamTrack | undefined;
  /** Rises when the source is closed: what opens meanwhile comes too late. */
  closings: number;
  /** Changes of the device, one after the other. */
  tail: Promise<void>;
}

/**
 * The own camera, microphone and screens: before joining, in the call (`attach`) and after it. A device is changed in the
 * call by replacing the track, which asks no peer anything. Nothing here rejects; what goes wrong is in `state` or `notes`.
 */
export class LocalMedia {
  /** What happened without being asked for. */
  readonly notes = new Topic<MediaNote>();
  readonly #access: DeviceAccess;
  readonly #devices: Devices;
  readonly #screens: ScreenShares;
  readonly #sources: Readonly<Record<Kind, Source>> = { camera: newSource(), microphone: newSource() };
  readonly #state: Store<OwnMedia>;
  #publisher: Publisher | undefined;
  #audience = 0;

  constructor({ access, devices, capture = pageCapture() }: LocalMediaParts) {
    this.#access = access;
    this.#devices = devices;
    this.#screens = new ScreenShares(capture, {
      changed: () => this.#changed(),
      began: (screen) => this.#syncScreen(screen, true),
      ended: (screen, byBrowser) => {
        this.#syncScreen(screen, false);
        if (byBrowser) this.notes.emit({ note: 'screen_ended' });
      },
    });
    this.#state = new Store(this.#now());
    devices.list.subscribe(() => this.#changed());
    devices.changes.on(({ added }) => {
      for (const device of oneOfEach(added)) this.notes.emit({ note: 'plugged', device });
    });
  }

  get state(): Readable<OwnMedia> {
    return this.#state;
  }

  /** Opens what is not open, in one question where the browser can. Call it in a click. */
  async open(kinds: readonly Kind[]): Promise<void> {
    for (const kind of kinds) this.#sources[kind].muted = false;
    const closings = new Map(kinds.map((kind) => [kind, this.#sources[kind].closings]));
    // What is closed while this waits for its turn is not opened.
    const wanted = () => kinds.filter((kind) => this.#sources[kind].closings === closings.get(kind));
    await this.#inTurn(kinds, () => this.#open(wanted()));
  }

  /** Unmuting opens what is off. A microphone is silent at once, whatever else is under way. */
  async setMuted(kind: Kind, muted: boolean): Promise<void> {
    const source = this.#sources[kind];
    const { own } = source;
    source.muted = muted;
    if (!muted) {
      if (own.state === 'muted' && own.track !== undefined)
        this.#put(kind, { ...own, state: 'on', track: own.track });
      else if (own.state !== 'on') await this.open([kind]);
    } else if (own.state === 'on') {
      // A camera that is only disabled keeps its light on.
      if (kind === 'camera') own.track.stop();
      this.#put(kind, { ...own, state: 'muted', track: kind === 'camera' ? undefined : own.track });
    }
  }

  /** Another device, now where it is open, and from now on. */
  async use(kind: Kind, deviceId: string): Promise<void> {
    const before = this.#devices.chosen(kind);
    this.#devices.choose(kind, deviceId);
    const { own } = this.#sources[kind];
    if (own.state === 'refused') return this.open([kind]);
    if (own.state === 'off' || (own.state === 'muted' && own.track === undefined)) return;
    await this.#inTurn([kind], async () => {
      if (!(await this.#change(kind, wishFor(kind, deviceId, true)))) this.#devices.choose(kind, before);
    });
  }

  /** To the camera that looks the other way. */
  async flip(): Promise<void> {
    const { facing, canFlip } = this.#state.value;
    if (facing === undefined || !canFlip) return;
    const other = facing === 'user' ? 'environment' : 'user';
    await this.#inTurn(['camera'], async () => {
      if (!(await this.#change('camera', { ...WISHES.camera, facingMode: { exact: other } }))) return;
      const { own } = this.#sources.camera;
      if (own.state === 'on') this.#devices.choose('camera', own.deviceId);
    });
  }

  /** Call it in a click. */
  async shareScreen(): Promise<'shared' | 'cancelled' | 'refused'> {
    if (!this.#screens.canAdd) return 'refused';
    const shared = await this.#screens.add();
    if (typeof shared === 'string') return shared;
    this.notes.emit({ note: 'refused', source: 'screen', refusal: shared });
    return 'refused';
  }

  /** Without `id`: all. */
  stopScreen(id?: string): void {
    for (const screen of this.#screens.all) {
      if (id === undefined || screen.id === id) this.#screens.remove(screen.id);
    }
  }

  /** In a call from now on: publishes what there is, and what comes. Resolves when the others were told. */
  async attach(mesh: PublishingMesh): Promise<void> {
    this.#publisher?.close();
    this.#publisher = new Publisher(mesh, (key, source, error) => this.#notPublished(key, source, error));
    const told = KINDS.map((kind) => this.#sync(kind));
    for (const screen of this.#screens.all) told.push(this.#syncScreen(screen, true));
    await Promise.all(told);
  }

  /** The call is over. Devices stay open, screens are shared no longer. */
  detach(): void {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.stopScreen();
  }

  /** So many others get the picture: it is made as large as is worth it. */
  setAudience(others: number): void {
    if (others === this.#audience) return;
    this.#audience = others;
    void this.#resize();
  }

  /** Lets go of a device; without `kind`: of all, and of the screens. */
  close(kind?: Kind): void {
    for (const each of kind === undefined ? KINDS : [kind]) {
      const source = this.#sources[each];
      source.closings += 1;
      liveTrack(source.own)?.stop();
      this.#put(each, { state: 'off' });
    }
    if (kind === undefined) this.stopScreen();
  }

  async #open(kinds: readonly Kind[]): Promise<void> {
    const due = kinds.filter((kind) => liveTrack(this.#sources[kind].own) === undefined);
    for (const kind of kinds) {
      const { own } = this.#sources[kind];
      if (own.state === 'muted' && own.track !== undefined)
        this.#put(kind, { ...own, state: 'on', track: own.track });
    }
    if (due.length === 0) return;
    const closings = due.map((kind) => this.#sources[kind].closings);
    for (const kind of due) this.#put(kind, { state: 'opening' });
    const outcomes = await this.#access.open(
      Object.fromEntries(due.map((kind) => [kind, wishFor(kind, this.#devices.chosen(kind))])),
    );
    due.forEach((kind, index) => {
      this.#opened(kind, outcomes[kind], closings[index] ?? 0);
    });
    // Labels are there only now.
    await this.#devices.refresh();
  }

  #opened(kind: Kind, outcome: Outcome | undefined, closings: number): void {
    const found = trackOf(outcome);
    if (this.#sources[kind].closings !== closings) {
      if ('kind' in found) found.stop();
    } else if ('kind' in found) this.#adopt(kind, found);
    else this.#refused(kind, found);
  }

  #adopt(kind: Kind, track: MediaStreamTrack): void {
    const source = this.#sources[kind];
    source.last = track;
    if (kind === 'camera' && this.#audience > 0) void this.#resize(track);
    track.addEventListener('ended', () => void this.#inTurn([kind], () => this.#lost(kind, track)));
    const facts = { deviceId: track.getSettings().deviceId ?? '', label: track.label };
    if (!source.muted) this.#put(kind, { state: 'on', track, ...facts });
    else if (kind === 'microphone') this.#put(kind, { state: 'muted', track, ...facts });
    else {
      track.stop();
      this.#put(kind, { state: 'muted', track: undefined, ...facts });
    }
  }

  #refused(kind: Kind, refusal: Refusal): void {
    this.#put(kind, { state: 'refused', refusal });
    this.notes.emit({ note: 'refused', source: kind, refusal });
  }

  /** Another device in the place of the one that is open. False: it is not to be had, and the one before is back. */
  async #change(kind: Kind, wish: MediaTrackConstraints): Promise<boolean> {
    const source = this.#sources[kind];
    const { own, closings } = source;
    const before = liveTrack(own);
    if (before === undefined) return true;
    const deviceId = own.state === 'on' || own.state === 'muted' ? own.deviceId : '';
    // Phones open one camera at a time.
    if (kind === 'camera') before.stop();
    const outcome = (await this.#access.open({ [kind]: wish }))[kind];
    if (outcome?.granted === true || source.closings !== closings) {
      before.stop();
      this.#opened(kind, outcome, closings);
      return outcome?.granted === true;
    }
    this.notes.emit({ note: 'refused', source: kind, refusal: outcome?.refusal ?? { why: 'none' } });
    if (kind === 'camera') {
      const again = await this.#access.open({ camera: wishFor('camera', deviceId) });
      this.#opened(kind, again.camera, closings);
    }
    return false;
  }

  /** The device in use was unplugged, or its permission withdrawn. */
  async #lost(kind: Kind, track: MediaStreamTrack): Promise<void> {
    const source = this.#sources[kind];
    const { own, closings } = source;
    if (liveTrack(own) !== track) return;
    const lost = track.label;
    const gone = own.state === 'on' || own.state === 'muted' ? own.deviceId : '';
    this.#put(kind, { state: 'opening' });
    await this.#devices.refresh();
    const others = this.#devices.list.value[kind].filter(({ id }) => id !== gone);
    const outcome =
      others.length === 0 ? undefined : (await this.#access.open({ [kind]: WISHES[kind] }))[kind];
    if (source.closings !== closings) return this.#opened(kind, outcome, closings);
    const found = trackOf(outcome);
    if ('kind' in found) {
      this.#adopt(kind, found);
      this.notes.emit({ note: 'fallback', source: kind, lost, now: found.label });
    } else if (found.why === 'none') {
      this.#put(kind, { state: 'off' });
      this.notes.emit({ note: 'lost', source: kind, lost });
    } else this.#refused(kind, found);
  }

  async #resize(track = liveTrack(this.#sources.camera.own)): Promise<void> {
    // A camera that cannot, or that was stopped meanwhile, stays as it is.
    await track?.applyConstraints({ ...track.getConstraints(), ...sizeFor(this.#audience) }).catch(() => {});
  }

  #notPublished(key: string, source: TrackSource, error: unknown): void {
    for (const kind of KINDS) if (kind === key) this.close(kind);
    for (const { id } of this.#screens.all) if (key.endsWith(` ${id}`)) this.#screens.remove(id);
    this.notes.emit({ note: 'not_published', source, error });
  }

  #put(kind: Kind, own: Own): void {
    const source = this.#sources[kind];
    source.own = own;
    const track = liveTrack(own);
    if (track !== undefined) track.enabled = own.state === 'on';
    void this.#sync(kind);
    this.#changed();
  }

  async #sync(kind: Kind): Promise<void> {
    const { own, last } = this.#sources[kind];
    // What is published stays while another device opens.
    if (own.state === 'opening') return;
    await this.#publisher?.want(kind, wantedOf(kind, own, last));
  }

  async #syncScreen({ id, video, audio }: Screen, shared: boolean): Promise<void> {
    const want = (source: TrackSource, track: MediaStreamTrack | undefined) =>
      track && this.#publisher?.want(`${source} ${id}`, shared ? { source, track, muted: false } : undefined);
    await Promise.all([want('screen', video), want('screen_audio', audio)]);
  }

  /** After all changes of these sources that are under way. */
  #inTurn(kinds: readonly Kind[], change: () => Promise<void>): Promise<void> {
    const turn = Promise.all(kinds.map((kind) => this.#sources[kind].tail)).then(change);
    for (const kind of kinds) this.#sources[kind].tail = turn.catch(() => {});
    return turn;
  }

  #changed(): void {
    this.#state.set(this.#now());
  }

  #now(): OwnMedia {
    const { camera, microphone } = this.#sources;
    const facing = facingOf(liveTrack(camera.own));
    return {
      camera: camera.own,
      microphone: microphone.own,
      screens: this.#screens.all,
      facing,
      canFlip: facing !== undefined && this.#devices.list.value.camera.length > 1,
      canShareScreen: this.#screens.canAdd,
    };
  }
}

/** A headset is a microphone and a speaker: told once. */
function oneOfEach(devices: readonly Device[]): readonly Device[] {
  const first = (groupId: string) => devices.findIndex((device) => device.groupId === groupId);
  return devices.filter(({ groupId }, index) => groupId === '' || first(groupId) === index);
}

function newSource(): Source {
  return { own: { state: 'off' }, muted: false, last: undefined, closings: 0, tail: Promise.resolve() };
}

function liveTrack(own: Own): MediaStreamTrack | undefined {
  return own.state === 'on' || own.state === 'muted' ? own.track : undefined;
}

function wantedOf(kind: Kind, own: Own, last: MediaStreamTrack | undefined): Wanted | undefined {
  if (own.state === 'on') return { source: kind, track: own.track, muted: false };
  const track = own.state === 'muted' ? (own.track ?? last) : undefined;
  return track && { source: kind, track, muted: true };
}

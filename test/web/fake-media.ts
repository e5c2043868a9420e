/** A track without a device behind it. */
export class FakeTrack extends EventTarget {
  readonly kind: 'audio' | 'video';
  readonly id: string;
  readonly label: string;
  readonly settings: MediaTrackSettings;
  constraints: MediaTrackConstraints = {};
  enabled = true;
  contentHint = '';
  readyState: MediaStreamTrackState = 'live';
  readonly clones: FakeTrack[] = [];

  constructor(kind: 'audio' | 'video', label: string, settings: MediaTrackSettings = {}) {
    super();
    this.kind = kind;
    this.label = label;
    this.settings = settings;
    this.id = `${kind} ${Math.random()}`;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** As when its device is unplugged: unlike `stop`, this is told. */
  end(): void {
    if (this.readyState === 'ended') return;
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  clone(): FakeTrack {
    const copy = new FakeTrack(this.kind, this.label, this.settings);
    copy.enabled = this.enabled;
    this.clones.push(copy);
    return copy;
  }

  getSettings(): MediaTrackSettings {
    return this.settings;
  }

  getConstraints(): MediaTrackConstraints {
    return this.constraints;
  }

  async applyConstraints(constraints: MediaTrackConstraints): Promise<void> {
    if (this.readyState === 'ended') throw new DOMException('ended', 'InvalidStateError');
    this.constraints = constraints;
  }

  get track(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export interface FakeDevice {
  readonly kind: 'videoinput' | 'audioinput' | 'audiooutput';
  readonly id: string;
  readonly label?: string;
  readonly group?: string;
  readonly facing?: 'user' | 'environment';
}

type Slot = 'camera' | 'microphone';

/** A machine with devices, and a visitor who answers questions. */
export class FakeMediaDevices extends EventTarget {
  devices: FakeDevice[];
  readonly permissions: Record<Slot, PermissionState> = { camera: 'prompt', microphone: 'prompt' };
  /** What the visitor says to the next questions. */
  answer: 'allow' | 'deny' | 'dismiss' = 'allow';
  /** Devices that another program has. */
  readonly busy = new Set<string>();
  /** The operating system keeps these from the browser. */
  readonly system = new Set<Slot>();
  readonly asked: MediaStreamConstraints[] = [];
  readonly tracks: FakeTrack[] = [];
  questions = 0;
  screen: 'allow' | 'cancel' | 'system' = 'allow';
  /** Held until it is called. */
  hold: Promise<void> | undefined;

  constructor(devices: readonly FakeDevice[]) {
    super();
    this.devices = [...devices];
  }

  get media(): MediaDevices {
    return this as unknown as MediaDevices;
  }

  async getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    this.asked.push(constraints);
    await this.hold;
    const slots: Slot[] = [];
    if (constraints.video !== undefined) slots.push('camera');
    if (constraints.audio !== undefined) slots.push('microphone');
    const found = slots.map((slot) => this.#find(slot, constraints));
    this.#permit(slots);
    for (const device of found) {
      if (this.busy.has(device.id))
        throw new DOMException('Could not start video source', 'NotReadableError');
    }
    const tracks = found.map(({ kind, id, label = id, facing }) => {
      const settings = { deviceId: id, ...(facing !== undefined && { facingMode: facing }) };
      const track = new FakeTrack(kind === 'videoinput' ? 'video' : 'audio', label, settings);
      track.constraints = { deviceId: id };
      return track;
    });
    this.tracks.push(...tracks);
    return { getTracks: () => tracks } as unknown as MediaStream;
  }

  async getDisplayMedia(): Promise<MediaStream> {
    if (this.screen === 'cancel') throw new DOMException('Permission denied', 'NotAllowedError');
    if (this.screen === 'system') throw new DOMException('Permission denied by system', 'NotAllowedError');
    const tracks = [new FakeTrack('video', 'screen'), new FakeTrack('audio', 'sound')];
    this.tracks.push(...tracks);
    return { getTracks: () => tracks } as unknown as MediaStream;
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return this.devices.map(({ kind, id, label = id, group = '' }) => {
      const slot = kind === 'videoinput' ? 'camera' : 'microphone';
      const known = this.permissions[slot] === 'granted';
      return {
        kind,
        deviceId: known ? id : '',
        label: known ? label : '',
        groupId: group,
      } as MediaDeviceInfo;
    });
  }

  plug(device: FakeDevice): void {
    this.devices.push(device);
    this.dispatchEvent(new Event('devicechange'));
  }

  unplug(id: string): void {
    this.devices = this.devices.filter((device) => device.id !== id);
    for (const track of this.tracks) if (track.settings.deviceId === id) track.end();
    this.dispatchEvent(new Event('devicechange'));
  }

  #find(slot: Slot, constraints: MediaStreamConstraints): FakeDevice {
    const wish = slot === 'camera' ? constraints.video : constraints.audio;
    const { deviceId, facingMode } = (typeof wish === 'object' ? wish : {}) as {
      deviceId?: { exact?: string; ideal?: string };
      facingMode?: string | { exact: string };
    };
    const kind = slot === 'camera' ? 'videoinput' : 'audioinput';
    const all = this.devices.filter((device) => device.kind === kind);
    if (all.length === 0) throw new DOMException('Requested device not found', 'NotFoundError');
    const wanted = all.find(({ id }) => id === (deviceId?.exact ?? deviceId?.ideal));
    const facing = typeof facingMode === 'object' ? facingMode.exact : facingMode;
    const turned = all.find((device) => facing !== undefined && device.facing === facing);
    const exact = deviceId?.exact !== undefined || typeof facingMode === 'object';
    const [first] = all;
    const found = wanted ?? turned ?? (exact ? undefined : first);
    if (found === undefined)
      throw Object.assign(new Error('no such device'), { name: 'OverconstrainedError' });
    return found;
  }

  #permit(slots: readonly Slot[]): void {
    if (slots.some((slot) => this.permissions[slot] === 'denied')) {
      throw new DOMException('Permission denied', 'NotAllowedError');
    }
    if (slots.some((slot) => this.permissions[slot] === 'prompt')) {
      this.questions += 1;
      if (this.answer === 'dismiss') throw new DOMException('Permission dismissed', 'NotAllowedError');
      const state = this.answer === 'allow' ? 'granted' : 'denied';
      for (const slot of slots) this.permissions[slot] = state;
      if (state === 'denied') throw new DOMException('Permission denied', 'NotAllowedError');
    }
    if (slots.some((slot) => this.system.has(slot))) {
      throw new DOMException('Permission denied by system', 'NotAllowedError');
    }
  }
}

export const LAPTOP: readonly FakeDevice[] = [
  { kind: 'videoinput', id: 'built-in camera', facing: 'user' },
  { kind: 'audioinput', id: 'built-in microphone' },
  { kind: 'audiooutput', id: 'built-in speaker' },
];

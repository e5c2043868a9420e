import type { Kind } from './device-access.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

/** What a device is used for. */
export type Slot = Kind | 'speaker';

export interface Device {
  readonly slot: Slot;
  readonly id: string;
  /** '' before the visitor has given a permission. */
  readonly label: string;
  /** Devices of one piece of hardware have the same. */
  readonly groupId: string;
}

export type DeviceList = Readonly<Record<Slot, readonly Device[]>>;

export interface DeviceChange {
  readonly added: readonly Device[];
  readonly removed: readonly Device[];
}

/** The browser, as far as lists of devices go. */
export interface DevicesHost {
  readonly mediaDevices:
    | Pick<MediaDevices, 'enumerateDevices' | 'addEventListener' | 'removeEventListener'>
    | undefined;
  /** Keeps what was chosen; undefined where nothing can be kept. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** Elements can play on a device of the visitor's choice (`setSinkId`). */
  readonly canChooseSpeaker: boolean;
}

const SLOTS: Readonly<Record<MediaDeviceKind, Slot>> = {
  videoinput: 'camera',
  audioinput: 'microphone',
  audiooutput: 'speaker',
};
/** Entries of Chromium that stand for another one of the list. */
const ALIASES = ['default', 'communications'];
const NONE: DeviceList = { camera: [], microphone: [], speaker: [] };

/** What is plugged in, and which of it the visitor chose. */
export class Devices {
  readonly canChooseSpeaker: boolean;
  /** Plugged and unplugged while the page was open. */
  readonly changes = new Topic<DeviceChange>();
  readonly #host: DevicesHost;
  readonly #list = new Store(NONE);
  readonly #chosen = new Map<Slot, string>();
  readonly #refresh = (): void => void this.refresh();
  /** What the browser has told the names of. */
  readonly #named = new Set<Slot>();
  #asked = 0;

  constructor(host: DevicesHost = pageDevices()) {
    this.#host = host;
    this.canChooseSpeaker = host.canChooseSpeaker;
    host.mediaDevices?.addEventListener('devicechange', this.#refresh);
  }

  get list(): Readable<DeviceList> {
    return this.#list;
  }

  /** Reads the list again: labels are there only after a permission was given. */
  async refresh(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const found = await this.#host.mediaDevices?.enumerateDevices().catch(() => undefined);
    if (found === undefined || asked !== this.#asked) return;
    const before = this.#list.value;
    const now = listOf(found);
    this.#list.set(now);
    // Ids and labels appear with a permission, slot by slot: nothing was plugged in then.
    const known = new Set(this.#named);
    for (const { slot, label } of all(now)) if (label !== '') this.#named.add(slot);
    const added = missing(now, before).filter(({ slot }) => known.has(slot));
    const removed = missing(before, now).filter(({ slot }) => known.has(slot));
    if (added.length > 0 || removed.length > 0) this.changes.emit({ added, removed });
  }

  /** Id of the chosen device, plugged in or not; undefined: the browser decides. */
  chosen(slot: Slot): string | undefined {
    return this.#chosen.get(slot) ?? this.#read(slot);
  }

  /** undefined: the browser decides. */
  choose(slot: Slot, id: string | undefined): void {
    if (id === undefined) this.#chosen.delete(slot);
    else this.#chosen.set(slot, id);
    try {
      if (id === undefined) this.#host.storage?.removeItem(keyOf(slot));
      else this.#host.storage?.setItem(keyOf(slot), id);
    } catch {
      // Full or forbidden: remembered as long as the page.
    }
  }

  close(): void {
    this.#asked += 1;
    this.#host.mediaDevices?.removeEventListener('devicechange', this.#refresh);
  }

  #read(slot: Slot): string | undefined {
    try {
      return this.#host.storage?.getItem(keyOf(slot)) ?? undefined;
    } catch {
      return undefined;
    }
  }
}

function keyOf(slot: Slot): string {
  return `signalbox.device.${slot}`;
}

function listOf(found: readonly MediaDeviceInfo[]): DeviceList {
  const devices = found
    .filter(({ deviceId }) => deviceId !== '' && deviceId !== 'communications')
    .map(({ kind, deviceId, label, groupId }) => ({ slot: SLOTS[kind], id: deviceId, label, groupId }));
  const of = (slot: Slot) => devices.filter((device) => device.slot === slot);
  return { camera: of('camera'), microphone: of('microphone'), speaker: of('speaker') };
}

function missing(from: DeviceList, other: DeviceList): Device[] {
  const known = new Set(all(other).map(({ slot, id }) => `${slot} ${id}`));
  return all(from).filter(({ slot, id }) => !ALIASES.includes(id) && !known.has(`${slot} ${id}`));
}

function all(list: DeviceList): readonly Device[] {
  return [...list.camera, ...list.microphone, ...list.speaker];
}

/** The page that this runs in. */
export function pageDevices(): DevicesHost {
  // Absent where the page came over plain HTTP.
  const mediaDevices: MediaDevices | undefined = navigator.mediaDevices;
  return {
    mediaDevices,
    storage: pageStorage(),
    canChooseSpeaker: 'setSinkId' in HTMLMediaElement.prototype,
  };
}

function pageStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

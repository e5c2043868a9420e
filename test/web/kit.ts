import type { AccessHost } from '../../web/model/device-access.ts';
import { DeviceAccess } from '../../web/model/device-access.ts';
import { Devices } from '../../web/model/devices.ts';
import type { Readable } from '../../web/model/store.ts';
import type { Topic } from '../../web/model/topic.ts';
import { FakeStorage } from '../client/fake-page.ts';
import type { FakeMediaDevices } from './fake-media.ts';

export function accessTo(media: FakeMediaDevices | undefined, host: Partial<AccessHost> = {}): DeviceAccess {
  return new DeviceAccess({
    mediaDevices: media?.media,
    secure: true,
    https: undefined,
    browser: 'chrome',
    permission: async (kind) => media?.permissions[kind],
    policy: () => true,
    framed: false,
    now: () => 0,
    ...host,
  });
}

export function devicesOf(media: FakeMediaDevices, storage = new FakeStorage()): Devices {
  return new Devices({ mediaDevices: media.media, storage, canChooseSpeaker: true });
}

/** What a topic said. */
export function heard<T>(topic: Topic<T>): T[] {
  const events: T[] = [];
  topic.on((event) => events.push(event));
  return events;
}

/** The values that a readable had since. */
export function values<T>(readable: Readable<T>): T[] {
  const seen: T[] = [];
  readable.subscribe((value) => seen.push(value));
  return seen;
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

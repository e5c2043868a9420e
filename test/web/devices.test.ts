import { expect, it } from 'vitest';
import type { Device } from '../../web/model/devices.ts';
import { Devices } from '../../web/model/devices.ts';
import { FakeStorage } from '../client/fake-page.ts';
import { FakeMediaDevices, LAPTOP } from './fake-media.ts';
import { devicesOf, heard, settled } from './kit.ts';

const ids = (devices: readonly Device[]) => devices.map(({ id }) => id);

function allowed(): FakeMediaDevices {
  const media = new FakeMediaDevices(LAPTOP);
  media.permissions.camera = 'granted';
  media.permissions.microphone = 'granted';
  return media;
}

it('lists by use, without the doubles that stand for others', async () => {
  const media = allowed();
  media.devices.push({ kind: 'audioinput', id: 'communications' });
  const devices = devicesOf(media);
  await devices.refresh();
  const { camera, microphone, speaker } = devices.list.value;
  expect([ids(camera), ids(microphone), ids(speaker)]).toEqual([
    ['built-in camera'],
    ['built-in microphone'],
    ['built-in speaker'],
  ]);
});

it('tells what was plugged in and what was pulled out', async () => {
  const media = allowed();
  const devices = devicesOf(media);
  await devices.refresh();
  const changes = heard(devices.changes);
  media.plug({ kind: 'audioinput', id: 'headset' });
  await settled();
  media.unplug('headset');
  await settled();
  expect(changes.map(({ added, removed }) => [ids(added), ids(removed)])).toEqual([
    [['headset'], []],
    [[], ['headset']],
  ]);
  devices.close();
  media.plug({ kind: 'audioinput', id: 'headset' });
  await settled();
  expect(changes).toHaveLength(2);
});

it('takes names that appear with a permission for no new devices', async () => {
  const media = new FakeMediaDevices(LAPTOP);
  const devices = devicesOf(media);
  const changes = heard(devices.changes);
  await devices.refresh();
  expect(devices.list.value.camera).toEqual([]);
  media.permissions.camera = 'granted';
  await devices.refresh();
  expect(ids(devices.list.value.camera)).toEqual(['built-in camera']);
  expect(changes).toEqual([]);
});

it('lets the newest answer count, not the last one to come', async () => {
  const media = allowed();
  const devices = devicesOf(media);
  const enumerate = media.enumerateDevices.bind(media);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  media.enumerateDevices = async () => {
    media.enumerateDevices = enumerate;
    const found = await enumerate();
    await held;
    return found;
  };
  const slow = devices.refresh();
  media.devices.push({ kind: 'videoinput', id: 'webcam' });
  await devices.refresh();
  release();
  await slow;
  expect(ids(devices.list.value.camera)).toEqual(['built-in camera', 'webcam']);
});

it('remembers a choice for the next page, and survives a browser that keeps nothing', () => {
  const storage = new FakeStorage();
  devicesOf(new FakeMediaDevices(LAPTOP), storage).choose('camera', 'webcam');
  const next = devicesOf(new FakeMediaDevices(LAPTOP), storage);
  expect(next.chosen('camera')).toBe('webcam');
  next.choose('camera', undefined);
  expect(devicesOf(new FakeMediaDevices(LAPTOP), storage).chosen('camera')).toBe(undefined);
  const refuse = () => {
    throw new DOMException('no', 'SecurityError');
  };
  const bare = new Devices({
    mediaDevices: undefined,
    storage: { getItem: refuse, setItem: refuse, removeItem: refuse },
    canChooseSpeaker: false,
  });
  bare.choose('speaker', 'headset');
  expect([bare.chosen('speaker'), bare.chosen('camera')]).toEqual(['headset', undefined]);
});

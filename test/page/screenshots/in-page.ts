import type * as sdkModule from '../../../src/client/index.ts';

type Sdk = typeof sdkModule;

// What runs in pages: each function is sent as its source, so none may use anything outside of itself.

/** A picture of somebody in a room, drawn: 640 by 360, five times a second. It stays with its number. */
export function portrait(seed: number): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const paint = canvas.getContext('2d');
  if (paint === null) throw new Error('no canvas');
  const pick = <T>(list: readonly T[], step = 1): T => list[(seed * step) % list.length] as T;
  const wall = pick([34, 204, 152, 12, 268, 88, 186, 330]);
  const skin = pick(['#e9bd9b', '#a9714b', '#f3cfb1', '#c98d63', '#7c4f34'], 3);
  const hair = pick(['#2a1c14', '#5d3a22', '#171514', '#9a6a35', '#6d6a68'], 2);
  const shirt = pick(['#2f5d62', '#7a3e48', '#35507a', '#8a6a2f', '#4b4a6b', '#3e6b4a'], 5);
  const ellipse = (fill: string, x: number, y: number, rx: number, ry: number, from = 0, to = 7): void => {
    paint.fillStyle = fill;
    paint.beginPath();
    paint.ellipse(x, y, rx, ry, 0, from, to);
    paint.fill();
  };
  const box = (fill: string, x: number, y: number, width: number, height: number, round = 0): void => {
    paint.fillStyle = fill;
    paint.beginPath();
    paint.roundRect(x, y, width, height, round);
    paint.fill();
  };
  let time = seed;
  const draw = (): void => {
    time += 0.12;
    const light = paint.createLinearGradient(0, 0, 640, 360);
    light.addColorStop(0, `hsl(${wall} 32% 86%)`);
    light.addColorStop(1, `hsl(${wall + 18} 26% 62%)`);
    paint.fillStyle = light;
    paint.fillRect(0, 0, 640, 360);
    paint.filter = 'blur(5px)';
    if (seed % 2 === 0) {
      box(`hsl(${wall} 30% 95%)`, 46, 28, 150, 170, 6);
      box(`hsl(${wall + 20} 40% 80%)`, 56, 38, 62, 150);
      box(`hsl(${wall + 20} 42% 76%)`, 124, 38, 62, 150);
      box(`hsl(${wall} 22% 50%)`, 470, 120, 150, 12);
      for (const [index, tone] of [32, 8, 200, 150, 48].entries())
        box(`hsl(${tone} 34% 52%)`, 482 + index * 24, 66 + (index % 3) * 8, 18, 54 - (index % 3) * 8, 2);
    } else {
      box(`hsl(${wall + 160} 28% 58%)`, 70, 50, 110, 80, 4);
      box(`hsl(${wall + 40} 40% 72%)`, 80, 60, 90, 60, 2);
      box(`hsl(24 34% 44%)`, 500, 250, 64, 80, 8);
      for (let leaf = -3; leaf <= 3; leaf++)
        ellipse(
          `hsl(${128 + leaf * 5} 32% ${36 + Math.abs(leaf) * 4}%)`,
          532 + leaf * 20,
          190 + Math.abs(leaf) * 18,
          12,
          66,
        );
    }
    paint.filter = 'none';
    const x = 320 + Math.sin(time) * 5;
    const y = 172 + Math.sin(time * 0.7) * 2;
    if (seed % 3 === 1) ellipse(hair, x, y + 18, 82, 104);
    ellipse(shirt, x, 392, 158, 128);
    box(skin, x - 27, y + 50, 54, 74, 24);
    ellipse('rgb(0 0 0 / 0.12)', x, y + 82, 30, 14);
    ellipse(skin, x, y, 64, 80);
    ellipse(hair, x, y - 26, 70, 62, Math.PI, Math.PI * 2);
    ellipse(hair, x + (seed % 2 === 0 ? -26 : 26), y - 34, 46, 34);
    for (const side of [-1, 1]) {
      ellipse('#ffffff', x + side * 25, y + 4, 10, 6.5);
      ellipse('#2b2018', x + side * 25, y + 4, 4.6, 5);
      box(hair, x + side * 25 - 13, y - 13, 26, 4.5, 2);
      if (seed % 4 === 2) {
        paint.strokeStyle = '#2b2b2b';
        paint.lineWidth = 3;
        paint.beginPath();
        paint.roundRect(x + side * 25 - 18, y - 9, 36, 27, 10);
        paint.stroke();
      }
    }
    paint.strokeStyle = 'rgb(120 50 40 / 0.75)';
    paint.lineWidth = 4;
    paint.lineCap = 'round';
    paint.beginPath();
    paint.arc(x, y + 28, 20, 0.35, Math.PI - 0.35);
    paint.stroke();
  };
  draw();
  setInterval(draw, 200);
  const [track] = canvas.captureStream(5).getVideoTracks();
  if (track === undefined) throw new Error('no track');
  return track;
}

/** A page of a presentation, drawn. */
export function slide(seed: number): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const paint = canvas.getContext('2d');
  if (paint === null) throw new Error('no canvas');
  const dark = seed % 2 === 1;
  let turn = 0;
  const draw = (): void => {
    turn += 1;
    paint.fillStyle = dark ? '#17212b' : '#fdfcf8';
    paint.fillRect(0, 0, 1280, 720);
    paint.fillStyle = dark ? '#f2f5f7' : '#1d2a26';
    paint.font = '600 54px sans-serif';
    paint.fillText(dark ? 'Round trip by region' : 'Harbor festival: budget', 80, 120);
    paint.font = '28px sans-serif';
    paint.fillStyle = dark ? '#a8b7c4' : '#5d6b66';
    paint.fillText(dark ? 'Median of one week, in milliseconds' : 'Spring, in thousands', 80, 168);
    for (const [index, value] of [210, 340, 265, 400, 310, 180].entries()) {
      paint.fillStyle = dark ? `hsl(${190 + index * 9} 60% 58%)` : `hsl(${155 + index * 9} 45% 42%)`;
      paint.fillRect(110 + index * 180, 640 - value, 116, value);
    }
    paint.fillStyle = dark ? '#5b6a76' : '#c9d1cc';
    paint.fillRect(80, 640, 1120, 3);
    // Frames come only of what changes.
    paint.fillRect(1279, 719, 1, turn % 2);
  };
  draw();
  setInterval(draw, 200);
  const [track] = canvas.captureStream(5).getVideoTracks();
  if (track === undefined) throw new Error('no track');
  return track;
}

/** Devices and peers of the visitor's page, as the browser would give them: made up, and doing as they are told. */
export interface Stagecraft {
  /** What the n-th RTCPeerConnection says of itself from now on. */
  fate(index: number, state: 'disconnected' | 'failed' | undefined): void;
  /** The visitor says something, or nothing any more. */
  talk(loud: boolean): void;
}

/** Before the scripts of the page. */
export function stagecraft(picture: typeof portrait, seed: number): void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  let loudness: AudioParam | undefined;
  const voice = (): MediaStreamTrack => {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    const sound = context.createMediaStreamDestination();
    gain.gain.value = 0;
    loudness = gain.gain;
    tone.connect(gain).connect(sound);
    tone.start();
    const [track] = sound.stream.getAudioTracks();
    if (track === undefined) throw new Error('no track');
    return track;
  };
  if (devices !== undefined) {
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      for (const track of stream.getTracks()) {
        const made = track.kind === 'video' ? picture(seed) : voice();
        const { deviceId, groupId } = track.getSettings();
        Object.defineProperty(made, 'label', { value: track.label });
        Object.assign(made, { getSettings: () => ({ deviceId, groupId }) });
        track.stop();
        stream.removeTrack(track);
        stream.addTrack(made);
      }
      return stream;
    };
  }
  const connections: RTCPeerConnection[] = [];
  const fates = new Map<number, string>();
  const fateOf = (connection: RTCPeerConnection) => fates.get(connections.indexOf(connection));
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
    override get iceConnectionState(): RTCIceConnectionState {
      return (fateOf(this) as RTCIceConnectionState | undefined) ?? super.iceConnectionState;
    }
    override get connectionState(): RTCPeerConnectionState {
      return (fateOf(this) as RTCPeerConnectionState | undefined) ?? super.connectionState;
    }
  };
  const craft: Stagecraft = {
    talk: (loud) => {
      if (loudness !== undefined) loudness.value = loud ? 0.4 : 0;
    },
    fate: (index, state) => {
      if (state === undefined) fates.delete(index);
      else fates.set(index, state);
      connections[index]?.dispatchEvent(new Event('iceconnectionstatechange'));
    },
  };
  Object.assign(window, { craft });
}

/** How somebody else comes. */
export interface Coming {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly seed: number;
  /** Default: one that nobody has. */
  readonly identity?: string;
  readonly moderate?: boolean;
  /** What they knock with; they do not wait to be let in. */
  readonly knock?: string;
  readonly camera?: boolean;
  readonly microphone?: 'on' | 'muted';
  /** Name of whom they connect to; the other ones of this page are left alone. */
  readonly sees?: string;
}

interface Person {
  readonly room: sdkModule.Room;
  readonly mesh: sdkModule.PeerMesh;
  readonly loudness: GainNode;
}

/** In the page of the others: each comes through the SDK, and connects to the visitor only. */
export interface Others {
  come(coming: Coming): Promise<void>;
  say(name: string, text: string): Promise<void>;
  react(name: string, key: string, by: number): void;
  raiseHand(name: string, raised: boolean): Promise<void>;
  mute(name: string): Promise<void>;
  talk(name: string, loud: boolean): void;
  share(name: string, seed: number): Promise<void>;
  go(name: string): Promise<void>;
  remove(name: string, other: string): Promise<void>;
  lock(name: string): Promise<void>;
  end(name: string): Promise<void>;
  deny(name: string, other: string): Promise<void>;
  admit(name: string, other: string): Promise<void>;
}

/** Makes `window.craft` of the page of the others. `sdk`: the module that the gateway serves. */
export function others(sdk: Sdk, picture: typeof portrait, presentation: typeof slide): void {
  const people = new Map<string, Person>();
  const person = (name: string): Person => {
    const found = people.get(name);
    if (found === undefined) throw new Error(`${name} is not there`);
    return found;
  };
  const idOf = (name: string, other: string): string => {
    const { participants, lobby } = person(name).room;
    const found = [...participants.values()].find((one) => one.name === other)?.id;
    const knocking = [...lobby.values()].find((one) => one.participant.name === other)?.id;
    return found ?? knocking ?? '';
  };
  const context = new AudioContext();
  const craft: Others = {
    come: async ({ url, room: roomName, name, seed, identity, moderate, knock, ...media }) => {
      const query = new URLSearchParams({
        room: roomName,
        identity: identity ?? `other-${Math.random()}`,
        name,
        ...(moderate === true && { moderate: '1' }),
      });
      const token = await (await fetch(`${url}/dev/token?${query}`)).text();
      const session = await sdk.connect(url, { token });
      const joining = session.join(roomName, { name, ...(knock !== undefined && { knock }) });
      if (knock !== undefined) return void joining.catch(() => {});
      const room = await joining;
      const { sees } = media;
      const mesh = new sdk.PeerMesh(room, {
        connectTo: (other) => sees === undefined || other.name === sees,
      });
      const loudness = context.createGain();
      loudness.gain.value = 0;
      const sound = context.createMediaStreamDestination();
      const tone = context.createOscillator();
      tone.frequency.value = 220 + seed * 20;
      tone.connect(loudness).connect(sound);
      tone.start();
      people.set(name, { room, mesh, loudness });
      if (media.camera === true) await mesh.publish(picture(seed));
      const [track] = sound.stream.getAudioTracks();
      if (media.microphone !== undefined && track !== undefined) {
        await mesh.publish(track, { source: 'microphone' });
        if (media.microphone === 'muted') await mesh.setMuted('microphone', true);
      }
    },
    say: async (name, text) => void (await person(name).room.send('chat', text)),
    react: (name, key, by) => person(name).room.addCount('reaction', key, by),
    raiseHand: (name, handRaised) => person(name).room.update({ handRaised }),
    mute: (name) => person(name).mesh.setMuted('microphone', true),
    talk: (name, loud) => {
      person(name).loudness.gain.value = loud ? 0.4 : 0;
    },
    share: async (name, seed) =>
      void (await person(name).mesh.publish(presentation(seed), { source: 'screen' })),
    go: async (name) => {
      const { room, mesh } = person(name);
      people.delete(name);
      mesh.close();
      await room.leave();
    },
    remove: (name, other) => person(name).room.moderate.remove(idOf(name, other)),
    lock: (name) => person(name).room.moderate.lock(),
    end: (name) => person(name).room.moderate.end(),
    deny: (name, other) => person(name).room.moderate.deny(idOf(name, other)),
    admit: (name, other) => person(name).room.moderate.admit(idOf(name, other)),
  };
  Object.assign(window, { craft });
}

import wrtc from '@roamhq/wrtc';
import * as werift from 'werift';
import type { MeshChannel, Room, Session } from '../../../src/client/index.ts';
import { connect, PeerMesh } from '../../../src/client/index.ts';
import type { End } from './end.ts';
import { ANSWERED, ASKED } from './end.ts';

const STACKS = { wrtc: wrtc.RTCPeerConnection, werift: werift.RTCPeerConnection };

export type StackName = keyof typeof STACKS;

/** A native client: this process, gRPC by @grpc/grpc-js, and a WebRTC stack for Node. */
export class NodeEnd implements End {
  readonly #url: string;
  readonly #room: string;
  readonly #stack: StackName;
  readonly #heard: string[] = [];
  #session: Session | undefined;
  #mesh: PeerMesh | undefined;
  #channel: MeshChannel | undefined;
  #rollbacks = 0;

  constructor(url: string, room: string, stack: StackName) {
    this.#url = url;
    this.#room = room;
    this.#stack = stack;
  }

  async join(): Promise<void> {
    const identity = `node-${this.#stack}`;
    const query = new URLSearchParams({ room: this.#room, identity });
    const token = async () => (await fetch(`${this.#url}/dev/token?${query}`)).text();
    this.#session = await connect(this.#url, {
      token,
      transport: 'grpc',
      features: this.#stack === 'wrtc' ? ['rollback', 'ice_restart'] : ['rollback'],
    });
    const room: Room = await this.#session.join(this.#room);
    const counted = () => {
      this.#rollbacks += 1;
    };
    this.#mesh = new PeerMesh(room, {
      RTCPeerConnection: countingRollbacks(this.#stack, counted),
      dataOnly: true,
    });
    this.#channel = this.#mesh.channel('interop');
    this.#channel.on('message', ({ data, peer }) => {
      if (typeof data === 'string') this.#heard.push(data);
      else if (data[0] === ASKED)
        this.#channel?.send(peer, Uint8Array.of(ANSWERED, ...data.subarray(1).toReversed()));
    });
  }

  async open(): Promise<boolean> {
    return this.#channel?.peers.length === 1;
  }

  async say(text: string): Promise<void> {
    this.#channel?.broadcast(text);
  }

  async heard(): Promise<readonly string[]> {
    return this.#heard;
  }

  /** Sends bytes, and resolves with what the peer makes of them. */
  async reversed(bytes: readonly number[]): Promise<readonly number[]> {
    const channel = this.#channel;
    if (channel === undefined) throw new Error('not joined');
    return new Promise((resolve) => {
      const stop = channel.on('message', ({ data }) => {
        if (typeof data === 'string' || data[0] !== ANSWERED) return;
        stop();
        resolve([...data.subarray(1)]);
      });
      channel.broadcast(Uint8Array.of(ASKED, ...bytes));
    });
  }

  async renegotiate(at: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
    for (const peer of this.#mesh?.peers.values() ?? []) peer.renegotiate();
  }

  async settled(): Promise<string> {
    const [peer] = this.#mesh?.peers.values() ?? [];
    return peer === undefined ? 'no peer' : `${peer.state} ${peer.rtc?.signalingState}`;
  }

  async rollbacks(): Promise<number> {
    return this.#rollbacks;
  }

  async leave(): Promise<void> {
    this.#mesh?.close();
    await this.#session?.close();
  }
}

function countingRollbacks(stack: StackName, counted: () => void) {
  // The two classes have nothing in common for the compiler but what is used here.
  const Base = STACKS[stack] as unknown as typeof RTCPeerConnection;
  return class extends Base {
    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      if (description?.type === 'rollback') counted();
      return super.setLocalDescription(description);
    }
  };
}

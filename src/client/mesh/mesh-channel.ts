import { LiveEmitter } from '../emitter.ts';
import type { Participant } from '../participant.ts';
import type { Peer } from './peer.ts';

/** What came over a channel. */
export interface ChannelMessage {
  readonly participant: Participant;
  readonly peer: Peer;
  readonly data: string | Uint8Array;
}

/** Events of a channel. */
export interface MeshChannelEvents {
  message: ChannelMessage;
  /** Data can be sent to this peer now. */
  open: Peer;
  /** … and no longer. */
  close: Peer;
}

/** The side that did not make the first offer waits so long for the channels of the other before it makes its own. */
const GRACE_MS = 300;

/** What the channel keeps of one peer. */
interface Member {
  readonly channels: RTCDataChannel[];
  grace: ReturnType<typeof setTimeout> | undefined;
  /** 'open' was told, and 'close' was not. */
  opened: boolean;
}

/** A connection as a channel sees it. */
export interface ChannelConnection {
  readonly rtc: RTCPeerConnection;
  readonly firstOfferer: boolean;
}

/**
 * Data channels of one label, one to each peer, as one. Between two peers that both asked for the label the first offerer
 * makes the data channel; where both did, each side sends on the one that opened first and reads both.
 */
export class MeshChannel extends LiveEmitter<MeshChannelEvents> {
  readonly label: string;
  /** Called with each message, beside the listeners of 'message'. */
  onmessage: ((message: ChannelMessage) => void) | null = null;
  readonly #init: RTCDataChannelInit;
  readonly #members = new Map<Peer, Member>();
  #active = false;
  #closed = false;

  constructor(label: string, init: RTCDataChannelInit, failed: (error: unknown) => void) {
    super(failed, ['message']);
    this.label = label;
    this.#init = init;
  }

  /** Peers that data can be sent to. */
  get peers(): readonly Peer[] {
    return [...this.#members].filter(([, member]) => openOf(member) !== undefined).map(([peer]) => peer);
  }

  /** Sends to every peer whose channel is open. Returns to how many: what is sent before 'open' reaches nobody. */
  broadcast(data: string | Uint8Array): number {
    return [...this.#members.keys()].filter((peer) => this.send(peer, data)).length;
  }

  /** Sends to one peer or participant id. False: its channel is not open, or its buffer is full. */
  send(to: Peer | string, data: string | Uint8Array): boolean {
    const channel = this.#find(to);
    if (channel === undefined) return false;
    try {
      if (typeof data === 'string') channel.send(data);
      else channel.send(asBuffer(data));
      return true;
    } catch {
      return false;
    }
  }

  /** Bytes that wait to leave for this peer or participant id: hold back above what you can afford to be late. */
  bufferedAmount(to: Peer | string): number {
    return this.#find(to)?.bufferedAmount ?? 0;
  }

  /** Closes it to all peers, here and there. */
  close(): void {
    this.#closed = true;
    for (const peer of [...this.#members.keys()]) this.lost(peer);
  }

  /** The application asked for the label: from now on each connection has it. */
  activate(): void {
    this.#active = true;
  }

  /** There is a connection to this peer. Before its first offer: `opened` false. */
  due(peer: Peer, connection: ChannelConnection, opened: boolean): void {
    if (!this.#active || this.#closed) return;
    const member = this.#member(peer);
    if (member.channels.length > 0 || member.grace !== undefined) return;
    if (connection.firstOfferer || this.#init.negotiated === true) {
      this.#make(peer, connection);
      return;
    }
    if (!opened) return;
    member.grace = setTimeout(() => {
      member.grace = undefined;
      if (member.channels.length === 0 && this.#members.get(peer) === member) this.#make(peer, connection);
    }, GRACE_MS);
  }

  /** The peer made a data channel of this label. */
  arrived(peer: Peer, channel: RTCDataChannel): void {
    if (this.#closed) channel.close();
    else this.#attach(peer, channel);
  }

  /** The connection to this peer is gone. */
  lost(peer: Peer): void {
    const member = this.#members.get(peer);
    if (member === undefined) return;
    clearTimeout(member.grace);
    this.#members.delete(peer);
    for (const channel of member.channels) {
      channel.onopen = null;
      channel.onclose = null;
      channel.onmessage = null;
      channel.close();
    }
    this.#closedTo(peer, member);
  }

  #make(peer: Peer, { rtc }: ChannelConnection): void {
    this.#attach(peer, rtc.createDataChannel(this.label, this.#init));
  }

  #attach(peer: Peer, channel: RTCDataChannel): void {
    const member = this.#member(peer);
    member.channels.push(channel);
    channel.binaryType = 'arraybuffer';
    const opened = () => {
      if (member.opened || openOf(member) === undefined) return;
      member.opened = true;
      this.emit('open', peer);
    };
    channel.onopen = opened;
    channel.onclose = () => {
      const at = member.channels.indexOf(channel);
      if (at >= 0) member.channels.splice(at, 1);
      if (openOf(member) === undefined) this.#closedTo(peer, member);
    };
    channel.onmessage = ({ data }) => {
      const message = { participant: peer.participant, peer, data: plain(data) };
      this.onmessage?.(message);
      this.emit('message', message);
    };
    if (isOpen(channel)) queueMicrotask(opened);
  }

  /** Tells it once, whatever the stack tells first: a channel on its way out is open no more, and not closed yet. */
  #closedTo(peer: Peer, member: Member): void {
    if (!member.opened) return;
    member.opened = false;
    this.emit('close', peer);
  }

  #find(to: Peer | string): RTCDataChannel | undefined {
    for (const [peer, member] of this.#members) {
      if (peer === to || peer.participant.id === to) return openOf(member);
    }
    return undefined;
  }

  #member(peer: Peer): Member {
    const member = this.#members.get(peer) ?? { channels: [], grace: undefined, opened: false };
    this.#members.set(peer, member);
    return member;
  }
}

function isOpen({ readyState }: RTCDataChannel): boolean {
  return readyState === 'open';
}

function openOf({ channels }: Member): RTCDataChannel | undefined {
  return channels.find(isOpen);
}

/** Stacks hand over an ArrayBuffer or, werift, a Buffer. */
function plain(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return String(data);
}

/** werift takes bytes as a Buffer only, which browsers do not have. */
function asBuffer(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis;
  return typeof Buffer === 'undefined' ? new Uint8Array(data) : Buffer.from(data);
}

import type { ReadonlySignal } from '@preact/signals';
import { computed, effect, signal } from '@preact/signals';
import type { Participant, Room, RoomClosed, Session, SessionState } from '../../src/client/index.ts';
import { PeerMesh } from '../../src/client/index.ts';
import { CallDetails } from '../model/call-details.ts';
import { ChatLog } from '../model/chat-log.ts';
import { HostTools } from '../model/host-tools.ts';
import type { Levels } from '../model/levels.ts';
import type { LocalMedia } from '../model/local-media.ts';
import { MutedSpeech } from '../model/muted-speech.ts';
import type { OwnMedia } from '../model/own-media.ts';
import type { Page } from '../model/page.ts';
import type { PeerView } from '../model/peer-view.ts';
import { Peers } from '../model/peers.ts';
import type { End, Phase } from '../model/phase.ts';
import { endOf, phaseOf } from '../model/phase.ts';
import type { Playback } from '../model/playback.ts';
import { Reactions } from '../model/reactions.ts';
import { chooseStage, TileOrder } from '../model/tile-order.ts';
import { Look } from './look.ts';
import { mirror } from './mirror.ts';
import { Notes } from './notes.ts';
import { tellOf } from './tell.ts';
import type { Tile } from './tile.ts';
import { ownTiles, peerTiles } from './tile.ts';

/** What a call is made of. */
export interface CallParts {
  readonly session: Session;
  readonly room: Room;
  readonly media: LocalMedia;
  readonly levels: Levels;
  readonly page: Page;
  readonly playback: Playback;
  /** The call is over, by whatever. */
  readonly ended: (end: End, closed: RoomClosed | undefined) => void;
}

/** One room with its mesh, as signals for the views and commands for their buttons. */
export class Call {
  readonly name: string;
  readonly session: Session;
  readonly media: LocalMedia;
  readonly levels: Levels;
  readonly look = new Look();
  readonly notes = new Notes();
  readonly mesh: PeerMesh;
  readonly peers: Peers;
  readonly chat: ChatLog;
  readonly reactions: Reactions;
  readonly host: HostTools;
  readonly details: CallDetails;
  readonly everybody: ReadonlySignal<readonly PeerView[]>;
  readonly own: ReadonlySignal<OwnMedia>;
  readonly phase: ReadonlySignal<Phase>;
  readonly online: ReadonlySignal<boolean>;
  readonly count = signal(1);
  readonly tools: ReadonlySignal<HostTools['state']['value']>;
  readonly lines: ReadonlySignal<ChatLog['lines']['value']>;
  readonly unread: ReadonlySignal<number>;
  readonly totals: ReadonlySignal<ReadonlyMap<string, number>>;
  readonly speaking: ReadonlySignal<ReadonlySet<string>>;
  readonly talkingMuted: ReadonlySignal<boolean>;
  /** In the order in which they are shown; the own one last, so that it lies on top. */
  readonly tiles: ReadonlySignal<readonly Tile[]>;
  readonly stage: ReadonlySignal<string | undefined>;
  /** The browser plays nothing until the visitor clicks. */
  readonly soundRefused: ReadonlySignal<boolean>;
  readonly #room: Room;
  readonly #playback: Playback;
  readonly #ended: CallParts['ended'];
  readonly #stops: (() => void)[] = [];
  readonly #order = new TileOrder();
  #over = false;

  constructor({ session, room, media, levels, page, playback, ended }: CallParts) {
    this.name = room.name;
    this.session = session;
    this.media = media;
    this.levels = levels;
    this.#room = room;
    this.#ended = ended;
    this.#playback = playback;
    this.soundRefused = mirror(playback.refused);
    this.mesh = new PeerMesh(room);
    this.peers = new Peers(room, this.mesh);
    this.chat = new ChatLog(room);
    this.reactions = new Reactions(room);
    this.host = new HostTools(room);
    this.details = new CallDetails(room, this.mesh);
    const mutedSpeech = new MutedSpeech(media, levels);
    this.everybody = mirror(this.peers.all);
    this.own = mirror(media.state);
    this.online = mirror(page.online);
    this.tools = mirror(this.host.state);
    this.lines = mirror(this.chat.lines);
    this.unread = mirror(this.chat.unread);
    this.totals = mirror(this.reactions.totals);
    this.speaking = mirror(levels.speaking);
    this.talkingMuted = mirror(mutedSpeech.talking);
    const state = signal<SessionState>(session.state);
    const self = signal<Participant>(room.self);
    this.phase = computed(() =>
      phaseOf({
        session: state.value,
        pending: undefined,
        joined: true,
        others: this.everybody.value.length,
        online: this.online.value,
      }),
    );
    this.tiles = computed(() => this.#tiles(self.value, this.everybody.value, this.own.value));
    this.stage = computed(() => {
      const candidates = this.tiles.value
        .filter(({ own }) => !own)
        .map(({ key, screen, since }) => ({ id: key, screen, since }));
      return candidates.length < 2 ? undefined : chooseStage(candidates, this.look.pinned.value).stage;
    });
    this.count.value = room.count;
    const update = () => {
      self.value = room.self;
      this.count.value = room.count;
    };
    this.#stops.push(
      room.on('participantChanged', update),
      room.on('resync', update),
      room.on('count', update),
      room.on('closed', (closed) => this.#finish(endOf(closed.reason), closed)),
      session.on('state', (now) => {
        state.value = now;
        if (now.status === 'closed') this.#finish(endOf(now.reason, now.next), undefined);
      }),
      this.mesh.on('error', ({ error }) => console.warn('[call]', error)),
      effect(() => {
        this.chat.setOpen(this.look.panel.value === 'chat');
        this.notes.opened(this.look.panel.value);
      }),
      effect(() => this.#listen(this.everybody.value)),
      effect(() => media.setAudience(this.everybody.value.length)),
      () => media.setAudience(0),
      ...tellOf(this),
      () => mutedSpeech.close(),
    );
    page.stayAwake(true);
    this.#stops.push(() => page.stayAwake(false));
    void media.attach(this.mesh);
  }

  get self(): Participant {
    return this.#room.self;
  }

  leave(): void {
    void this.#room.leave();
    this.#finish(endOf('left'), undefined);
  }

  toggleMicrophone(): void {
    void this.#toggle('microphone');
  }

  toggleCamera(): void {
    void this.#toggle('camera');
  }

  toggleScreen(): void {
    this.notes.clear();
    if (this.own.value.screens.length > 0) void this.media.stopScreen();
    else void this.media.shareScreen();
  }

  toggleHand(): void {
    void this.host.raiseHand(!this.tools.value.handRaised);
  }

  /** After a click of the visitor. */
  hear(): void {
    void this.#playback.playAll();
    void this.levels.resume();
  }

  /** Turns off what is on, unmutes what is muted, opens what was not open. */
  async #toggle(kind: 'camera' | 'microphone'): Promise<void> {
    const own = this.own.value[kind];
    if (own.state === 'opening') return;
    this.notes.clear();
    await this.media.setMuted(kind, own.state === 'on');
  }

  #tiles(self: Participant, everybody: readonly PeerView[], own: OwnMedia): readonly Tile[] {
    const others = everybody.flatMap(peerTiles);
    const [mine, ...ownScreens] = ownTiles(
      {
        participantId: self.id,
        name: self.name || self.identity,
        identity: self.identity,
        moderator: self.permissions.moderate,
        handUp: self.handRaisedAt !== undefined,
      },
      own,
    );
    const tiles = new Map([...others, ...ownScreens].map((tile) => [tile.key, tile]));
    const ordered = this.#order.update([...tiles.keys()]).flatMap((key) => tiles.get(key) ?? []);
    return mine === undefined ? ordered : [...ordered, mine];
  }

  #heard = new Set<string>();

  /** Levels of all that can be heard. */
  #listen(everybody: readonly PeerView[]): void {
    const audible = new Map(
      everybody.flatMap(({ key, voice }) => (voice === undefined ? [] : [[key, voice] as const])),
    );
    for (const key of this.#heard) if (!audible.has(key)) this.levels.remove(key);
    for (const [key, track] of audible) this.levels.add(key, track);
    this.#heard = new Set(audible.keys());
  }

  #finish(end: End, closed: RoomClosed | undefined): void {
    if (this.#over) return;
    this.#over = true;
    for (const stop of this.#stops) stop();
    for (const key of this.#heard) this.levels.remove(key);
    this.media.detach();
    for (const part of [this.chat, this.reactions, this.host, this.peers, this.mesh]) part.close();
    this.#ended(end, closed);
  }
}

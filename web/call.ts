import type {
  Participant,
  Peer,
  PeerState,
  Publication,
  Reason,
  Room,
  Session,
  SessionState,
  TrackSource,
} from '../src/client/index.ts';
import { PeerMesh } from '../src/client/index.ts';
import { Chat } from './chat.ts';
import { canShareScreen, openCamera, openMicrophone, openScreen, stop } from './devices.ts';
import { byId, say } from './elements.ts';
import type { TileView } from './tiles.ts';
import { Tiles } from './tiles.ts';
import { explain, explainDevice } from './words.ts';

const STATES: Record<PeerState, string> = {
  new: 'connecting…',
  connecting: 'connecting…',
  connected: '',
  interrupted: 'connection unstable',
  failed: 'no path found, trying again',
  closed: 'not connected',
};

/** A call: one room with its mesh, and the part of the page that shows it. */
export class Call {
  readonly #session: Session;
  readonly #room: Room;
  readonly #mesh: PeerMesh;
  readonly #chat: Chat;
  readonly #tiles: Tiles;
  readonly #ended: (reason: Reason) => void;
  readonly #stops: (() => void)[] = [];
  #drawing = false;
  #over = false;

  /** `ended`: the call is over, and why. */
  constructor(session: Session, room: Room, ended: (reason: Reason) => void) {
    this.#session = session;
    this.#room = room;
    this.#mesh = new PeerMesh(room);
    this.#chat = new Chat(room);
    this.#ended = ended;
    this.#tiles = new Tiles(byId('tiles'), () => {
      byId('hear').hidden = false;
    });
    const draw = () => this.#draw();
    const mesh = this.#mesh;
    this.#stops.push(
      mesh.on('peer', draw),
      mesh.on('peerState', draw),
      mesh.on('track', draw),
      mesh.on('trackRemoved', draw),
      mesh.on('error', ({ error }) => console.warn('[call]', error)),
      room.on('joined', draw),
      room.on('left', draw),
      room.on('participantChanged', draw),
      room.on('count', draw),
      room.on('closed', ({ reason }) => this.#finish(reason)),
      session.on('state', (state) => this.#sessionState(state)),
    );
    this.#controls();
    say(byId('notice'), '');
    byId('hear').hidden = true;
    byId('call-title').textContent = room.name;
    this.#sessionState(session.state);
    draw();
  }

  /** Publishes what the visitor brought along. */
  async publish(stream: MediaStream | undefined): Promise<void> {
    for (const track of stream?.getTracks() ?? []) await this.#publish(track);
  }

  async leave(): Promise<void> {
    this.#finish('left');
    await this.#room.leave();
    await this.#session.close();
  }

  async #publish(track: MediaStreamTrack, source?: TrackSource): Promise<void> {
    const options = source === undefined ? {} : { source };
    try {
      const publication = await this.#mesh.publish(track, options);
      track.addEventListener('ended', () => void this.#deviceGone(publication));
    } catch (error) {
      track.stop();
      this.#notice(explain(error));
    }
    this.#draw();
  }

  async #deviceGone(publication: Publication): Promise<void> {
    if (this.#over || !this.#mesh.publications.includes(publication)) return;
    await this.#mesh.unpublish(publication).catch((error: unknown) => this.#notice(explain(error)));
    this.#draw();
  }

  #controls(): void {
    byId('microphone').onclick = () => void this.#toggle('microphone', openMicrophone);
    byId('camera').onclick = () => void this.#toggle('camera', openCamera);
    const screen = byId('screen');
    screen.hidden = !canShareScreen();
    screen.onclick = () => void this.#toggleScreen();
    byId('leave').onclick = () => void this.leave();
    byId('hear-now').onclick = () => {
      byId('hear').hidden = true;
      this.#tiles.playAll();
    };
  }

  /** Mutes what is published; opens and publishes what is not. */
  async #toggle(source: 'microphone' | 'camera', open: () => Promise<MediaStream>): Promise<void> {
    const published = this.#mesh.publications.find((publication) => publication.source === source);
    try {
      if (published !== undefined) await this.#mesh.setMuted(source, !published.muted);
      else await this.publish(await open());
      say(byId('notice'), '');
    } catch (error) {
      this.#notice(published === undefined ? explainDevice(error, `the ${source}`) : explain(error));
    }
    this.#draw();
  }

  async #toggleScreen(): Promise<void> {
    const shared = this.#mesh.publications.filter(({ source }) => source.startsWith('screen'));
    if (shared.length > 0) {
      for (const publication of shared) {
        publication.track.stop();
        await this.#deviceGone(publication);
      }
      return;
    }
    try {
      const stream = await openScreen();
      for (const track of stream.getTracks()) {
        await this.#publish(track, track.kind === 'video' ? 'screen' : 'screen_audio');
      }
    } catch (error) {
      // The visitor closed the browser's own dialog: nothing to say.
      if (error instanceof DOMException && error.name === 'NotAllowedError') return;
      this.#notice(explainDevice(error, 'the screen'));
    }
  }

  #sessionState(state: SessionState): void {
    if (this.#over) return;
    const status = byId('status');
    if (state.status === 'reconnecting') status.textContent = 'Reconnecting… the call goes on.';
    else if (state.status === 'closed') this.#finish(state.reason);
    else this.#draw();
  }

  #notice(text: string): void {
    say(byId('notice'), text);
  }

  #finish(reason: Reason): void {
    if (this.#over) return;
    this.#over = true;
    for (const off of this.#stops) off();
    const tracks = this.#mesh.publications.map(({ track }) => track);
    this.#chat.close();
    this.#mesh.close();
    stop(new MediaStream(tracks));
    this.#tiles.show([]);
    this.#ended(reason);
  }

  /** Once for all changes of one turn. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      if (!this.#over) this.#drawNow();
    });
  }

  #drawNow(): void {
    const { participants, self, count } = this.#room;
    const mesh = this.#mesh;
    const others = [...participants.values()];
    // Gone from the roster, yet connected: still in the call.
    for (const { participant } of mesh.peers.values()) {
      if (!participants.has(participant.id)) others.push(participant);
    }
    this.#tiles.show([
      ...own(self, mesh.publications),
      ...others.flatMap((participant) => tilesOf(participant, mesh.peers.get(participant.id))),
    ]);
    byId('count').textContent = count === 1 ? '1 participant' : `${count} participants`;
    if (this.#session.state.status === 'connected') {
      byId('status').textContent = others.length === 0 ? 'Only you are here. Send the link to somebody.' : '';
    }
    this.#button('microphone', 'Mute', 'Unmute', 'Turn on microphone');
    this.#button('camera', 'Turn off camera', 'Turn on camera', 'Turn on camera');
    const sharing = mesh.publications.some(({ source }) => source === 'screen');
    byId('screen').textContent = sharing ? 'Stop sharing' : 'Share screen';
    byId('screen').ariaPressed = String(sharing);
  }

  #button(source: 'microphone' | 'camera', on: string, muted: string, none: string): void {
    const button = byId(source);
    const published = this.#mesh.publications.find((publication) => publication.source === source);
    button.textContent = published === undefined ? none : published.muted ? muted : on;
    button.dataset['state'] = published === undefined ? 'none' : published.muted ? 'muted' : 'on';
  }
}

function own(self: Participant, publications: readonly Publication[]): TileView[] {
  const tracks = publications.filter(({ track }) => track.kind === 'video');
  const view = (screen: boolean): TileView => {
    const shown = tracks.filter(({ source }) => (source === 'screen') === screen);
    const microphone = publications.find(({ source }) => source === 'microphone');
    return {
      key: screen ? 'own screen' : 'own',
      participantId: self.id,
      name: self.name || 'You',
      screen,
      own: true,
      tracks: shown.map(({ track }) => track),
      picture: shown.some(({ muted }) => !muted),
      microphone: microphone === undefined ? 'none' : microphone.muted ? 'muted' : 'on',
      state: 'connected',
      stateText: '',
    };
  };
  return tracks.some(({ source }) => source === 'screen') ? [view(false), view(true)] : [view(false)];
}

function tilesOf(participant: Participant, peer: Peer | undefined): TileView[] {
  const tracks = peer?.tracks ?? [];
  const state = peer?.state ?? 'new';
  const away = participant.state === 'away' && state !== 'connected';
  const view = (screen: boolean): TileView => {
    const shown = tracks.filter(({ source }) => source.startsWith('screen') === screen);
    const published = participant.tracks.some(({ source }) => source === 'microphone');
    return {
      key: `${participant.id} ${screen}`,
      participantId: participant.id,
      name: participant.name || participant.identity,
      screen,
      own: false,
      tracks: shown.map(({ track }) => track),
      picture: shown.some(({ track, source }) => track.kind === 'video' && !participant.muted(source)),
      microphone: !published ? 'none' : participant.muted('microphone') ? 'muted' : 'on',
      state,
      stateText: away ? 'away' : STATES[state],
    };
  };
  const shares = participant.tracks.some(({ source }) => source === 'screen');
  return shares ? [view(false), view(true)] : [view(false)];
}

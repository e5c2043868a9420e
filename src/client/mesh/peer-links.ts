import type { Participant } from '../participant.ts';
import type { Departure, Room, RoomClosed, RoomResync } from '../room.ts';
import type { IncomingSignal } from '../signal.ts';
import type { Reason } from '../vocabulary.ts';
import { BoundedSet } from './bounded-set.ts';
import type { LinkHost } from './link-host.ts';
import { PeerLink } from './peer-link.ts';
import { unlistedParticipant } from './unlisted.ts';

/** Departed participants that are remembered. */
const REMEMBERED = 256;

/** Departures that are meant: the connection ends with them. After others it is kept while it is connected. */
const MEANT: readonly Reason[] = [
  'left',
  'removed',
  'moved',
  'banned',
  'room_closed',
  'denied',
  'token_revoked',
];

/** Who is a peer, kept true from the events of the room. */
export class PeerLinks {
  readonly #room: Room;
  readonly #host: LinkHost;
  readonly #met: (link: PeerLink) => void;
  readonly #over: () => void;
  readonly #links = new Map<string, PeerLink>();
  readonly #departed = new BoundedSet<string>(REMEMBERED);
  readonly #stops: (() => void)[] = [];

  /** `met`: there is a peer. `over`: the room is left. */
  constructor(host: LinkHost, met: (link: PeerLink) => void, over: () => void) {
    this.#room = host.room;
    this.#host = host;
    this.#met = met;
    this.#over = over;
  }

  /** By participant id. */
  get all(): ReadonlyMap<string, PeerLink> {
    return this.#links;
  }

  start(): void {
    const room = this.#room;
    for (const participant of room.participants.values()) this.#meet(participant);
    // Offers that came before the mesh was made are answered rather than met with offers.
    this.#stops.push(
      room.on('signal', (signal) => this.#signal(signal)),
      room.on('joined', (participant) => this.#joined(participant)),
      room.on('left', (departure) => this.#left(departure)),
      room.on('participantChanged', (participant) => this.#changed(participant)),
      room.on('hub', () => this.#hubChanged()),
      room.on('resync', (resync) => this.#resync(resync)),
      room.on('closed', (closed) => this.#closed(closed)),
    );
    // Nobody else knows that the connections of the page before are gone: none is waited for.
    for (const link of this.#links.values()) if (link.state === 'new') link.begin(room.restored);
  }

  /** The connection of one that is not in the roster is lost. */
  expired(link: PeerLink): void {
    for (const [id, found] of this.#links) if (found === link) this.#remove(id, link, false);
  }

  /** Closes all. `tell`: the peers hear that it is on purpose. */
  close(tell: boolean): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const [id, link] of [...this.#links]) this.#remove(id, link, tell);
  }

  #wants(participant: Participant): boolean {
    const { self, info, hub } = this.#room;
    if (!participant.permissions.signal || !self.permissions.signal) return false;
    if (info.topology === 'hub') {
      if (self.permissions.hub ? participant.permissions.hub : participant.id !== hub?.id) return false;
    }
    return this.#host.options.connectTo?.(participant) ?? true;
  }

  /** A link for a participant that this client connects to and has none with. */
  #meet(participant: Participant, unlisted = false): PeerLink | undefined {
    if (this.#links.has(participant.id) || !this.#wants(participant)) return undefined;
    const link = new PeerLink(this.#host, participant, unlisted);
    this.#links.set(participant.id, link);
    this.#met(link);
    return link;
  }

  #joined(participant: Participant): void {
    const same = this.#links.get(participant.id);
    const before = this.#links.get(participant.replaces);
    if (before !== undefined && before.participant.identity === participant.identity) {
      this.#follow(participant.replaces, before, participant);
    } else if (same?.departed === true) same.follow(participant);
    else if (same !== undefined) same.updated(participant);
    else this.#meet(participant)?.begin();
  }

  #follow(previous: string, link: PeerLink, successor: Participant): void {
    this.#links.delete(previous);
    this.#departed.add(previous);
    this.#links.get(successor.id)?.dispose(false);
    this.#links.set(successor.id, link);
    link.follow(successor);
  }

  #left({ id, participant, reason, replacedBy }: Departure): void {
    const link = this.#links.get(id);
    const successor = this.#room.participants.get(replacedBy);
    if (link !== undefined && successor !== undefined && successor.identity === participant.identity) {
      this.#follow(id, link, successor);
      return;
    }
    // A successor is announced before it comes; and what nobody meant is no reason to hang up.
    const isAwaited = replacedBy !== '' && successor === undefined;
    if (link?.connected === true && (isAwaited || !MEANT.includes(reason))) {
      link.linger();
      return;
    }
    this.#departed.add(id);
    if (link !== undefined) this.#remove(id, link, false);
  }

  #changed(participant: Participant): void {
    const link = this.#links.get(participant.id);
    if (link !== undefined) link.updated(participant);
    // Permissions may have changed, its own or this client's.
    else if (participant.id !== this.#room.self.id) this.#meet(participant)?.begin();
    else for (const other of this.#room.participants.values()) this.#meet(other)?.begin();
  }

  #hubChanged(): void {
    const { hub, self } = this.#room;
    for (const [id, link] of [...this.#links]) {
      if (!link.departed && !this.#wants(link.participant)) this.#remove(id, link, true);
    }
    if (hub !== undefined && hub.id !== self.id) this.#meet(hub)?.begin(true);
  }

  #resync({ cause }: RoomResync): void {
    for (const link of this.#links.values()) {
      if (link.departed) continue;
      if (cause === 'rejoined') link.rejoined();
      else if (cause === 'inbox') link.signalsLost();
    }
  }

  /** A room that is lost for another reason than those takes no connection with it: the application closes the mesh. */
  #closed({ reason }: RoomClosed): void {
    const connected = [...this.#links.values()].some((link) => link.connected);
    if (MEANT.includes(reason) || reason === 'replaced' || !connected) this.#over();
  }

  #signal(signal: IncomingSignal): void {
    const { sender } = signal;
    const known = this.#links.get(sender);
    if (known !== undefined) {
      known.accept(signal);
      return;
    }
    const isStranger = !this.#room.participants.has(sender) && !this.#departed.has(sender);
    const stranger = isStranger ? this.#meet(unlistedParticipant(sender), true) : undefined;
    if (stranger === undefined) this.#decline(signal);
    else stranger.accept(signal);
  }

  /** From somebody that this client does not connect to: told, so that nobody waits. */
  #decline({ sender, connectionId, negotiationId, payload }: IncomingSignal): void {
    const asks =
      (payload.kind === 'description' && payload.type === 'offer') ||
      (payload.kind === 'control' && payload.action === 'request_offer');
    if (!asks) return;
    const close = { kind: 'control', action: 'close', reason: 'cancelled' } as const;
    this.#room.signal(sender, { connectionId, negotiationId, payload: close }).catch(() => {});
  }

  #remove(id: string, link: PeerLink, tell: boolean): void {
    if (this.#links.get(id) === link) this.#links.delete(id);
    link.dispose(tell);
  }
}

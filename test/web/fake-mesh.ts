import type { Publication, PublishOptions, TrackSource } from '../../src/client/index.ts';
import type { PublishingMesh } from '../../web/model/publisher.ts';

interface Published extends Publication {
  track: MediaStreamTrack;
  muted: boolean;
}

/** Publishes to nobody, and remembers what it was told. Behaves as PeerMesh does with `track.enabled`. */
export class FakeMesh implements PublishingMesh {
  readonly published = new Map<string, Published>();
  readonly log: string[] = [];
  /** The gateway's word takes until this resolves. */
  told: Promise<void> = Promise.resolve();
  /** Thrown by the next calls, one each. */
  readonly errors: unknown[] = [];
  closed = false;

  async publish(track: MediaStreamTrack, { source = 'other' }: PublishOptions = {}): Promise<Publication> {
    const id = `${this.log.length}`;
    await this.#tell(`publish ${source}`);
    const publication = { id, source, name: '', track, muted: !track.enabled };
    this.published.set(id, publication);
    return publication;
  }

  async unpublish({ id, source }: Publication): Promise<void> {
    this.published.delete(id);
    await this.#tell(`unpublish ${source}`);
  }

  async replace({ id, source }: Publication, track: MediaStreamTrack): Promise<void> {
    const publication = this.published.get(id);
    if (publication === undefined) throw new TypeError('not published');
    publication.track = track;
    track.enabled = !publication.muted;
    await this.#tell(`replace ${source}`);
  }

  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    for (const publication of this.published.values()) {
      if (publication.source !== source) continue;
      publication.muted = muted;
      publication.track.enabled = !muted;
    }
    await this.#tell(`${muted ? 'mute' : 'unmute'} ${source}`);
  }

  of(source: TrackSource): Published | undefined {
    return [...this.published.values()].find((publication) => publication.source === source);
  }

  async #tell(what: string): Promise<void> {
    this.log.push(what);
    await this.told;
    if (this.errors.length > 0) throw this.errors.shift();
  }
}

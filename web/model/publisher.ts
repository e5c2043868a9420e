import type { PeerMesh, Publication, TrackSource } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/client/index.ts';

/** What is to be published under one key. */
export interface Wanted {
  readonly source: TrackSource;
  readonly track: MediaStreamTrack;
  readonly muted: boolean;
}

/** What a publisher needs of its mesh. */
export type PublishingMesh = Pick<PeerMesh, 'publish' | 'unpublish' | 'replace' | 'setMuted' | 'closed'>;

/** Times that a publication is tried again whose outcome was lost with its session. */
const MOST_TRIES = 3;

interface Lane {
  wanted: Wanted | undefined;
  publication: Publication | undefined;
  /** Steps are being taken: the newest wish is looked at before they end. */
  busy: boolean;
  steps: Promise<void>;
  tries: number;
  /** The roster has what was muted and unmuted so far. Never rejects. */
  told: Promise<void>;
}

/**
 * Brings what a mesh publishes in line with what is wanted. What is wanted may change at any time, also while the gateway is
 * away and nothing can be told: the newest wish counts, and peers that are connected see and hear it at once.
 */
export class Publisher {
  readonly #mesh: PublishingMesh;
  readonly #failed: (key: string, source: TrackSource, error: unknown) => void;
  readonly #lanes = new Map<string, Lane>();
  #closed = false;

  /** `failed`: this one cannot be published, and is not wanted any more. */
  constructor(mesh: PublishingMesh, failed: (key: string, source: TrackSource, error: unknown) => void) {
    this.#mesh = mesh;
    this.#failed = failed;
  }

  /** undefined: not to be published. Resolves when that is so, or was superseded. */
  want(key: string, wanted: Wanted | undefined): Promise<void> {
    const lane = this.#lanes.get(key) ?? {
      wanted,
      publication: undefined,
      busy: false,
      steps: Promise.resolve(),
      tries: 0,
      told: Promise.resolve(),
    };
    this.#lanes.set(key, lane);
    lane.wanted = wanted;
    lane.tries = 0;
    if (!lane.busy) lane.steps = this.#run(key, lane);
    return lane.steps.then(() => lane.told);
  }

  /** The mesh is left as it is. */
  close(): void {
    this.#closed = true;
  }

  /** A mesh closes by itself when its room is left. */
  get #over(): boolean {
    return this.#closed || this.#mesh.closed;
  }

  async #run(key: string, lane: Lane): Promise<void> {
    lane.busy = true;
    while (!this.#over) {
      const { wanted } = lane;
      try {
        // Another wish may have come while this one was found to be met.
        if (!(await this.#step(key, lane)) && lane.wanted === wanted) break;
      } catch (error) {
        if (this.#over) break;
        lane.tries += 1;
        if (isLost(error) && lane.tries < MOST_TRIES) continue;
        if (lane.wanted !== wanted) continue;
        this.#giveUp(key, lane, error);
        break;
      }
    }
    lane.busy = false;
    if (lane.wanted === undefined && lane.publication === undefined) this.#lanes.delete(key);
  }

  #giveUp(key: string, lane: Lane, error: unknown): void {
    const { wanted, publication } = lane;
    lane.wanted = undefined;
    lane.publication = undefined;
    if (publication !== undefined) this.#mesh.unpublish(publication).catch(() => {});
    this.#failed(key, wanted?.source ?? publication?.source ?? 'other', error);
  }

  /** Silent, or heard, at once; the roster learns it when the gateway is there. */
  #mute(key: string, lane: Lane, source: TrackSource, muted: boolean): void {
    const { wanted } = lane;
    const told = this.#mesh.setMuted(source, muted).catch((error: unknown) => {
      // What was lost with its session the mesh tells again.
      if (this.#over || isLost(error) || lane.wanted !== wanted) return;
      this.#giveUp(key, lane, error);
    });
    lane.told = Promise.all([lane.told, told]).then(() => {});
  }

  /** One step on the way; false: there, or no nearer to it. What is muted is muted first, what is not is heard last. */
  async #step(key: string, lane: Lane): Promise<boolean> {
    const { wanted, publication } = lane;
    if (wanted === undefined) {
      if (publication === undefined) return false;
      lane.publication = undefined;
      await this.#mesh.unpublish(publication);
      return true;
    }
    const { source, track, muted } = wanted;
    if (publication === undefined) {
      track.enabled = !muted;
      lane.publication = await this.#mesh.publish(track, { source });
    } else if (muted && !publication.muted) {
      this.#mute(key, lane, source, true);
      return publication.muted;
    } else if (publication.track !== track) await this.#mesh.replace(publication, track);
    else if (!muted && publication.muted) {
      this.#mute(key, lane, source, false);
      return !publication.muted;
    } else return false;
    return true;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof SignalboxError && error.reason === 'outcome_unknown';
}

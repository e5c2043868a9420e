import type { Browser } from './browser.ts';
import { browserOf } from './browser.ts';
import type { Refusal } from './refusal.ts';
import { refusalOf } from './refusal.ts';

export type Kind = 'camera' | 'microphone';
export const KINDS = ['camera', 'microphone'] as const satisfies readonly Kind[];

/** What became of asking for a device. */
export type Outcome =
  | { readonly granted: true; readonly track: MediaStreamTrack }
  | { readonly granted: false; readonly refusal: Refusal };

export type Wish = Readonly<Partial<Record<Kind, MediaTrackConstraints>>>;
export type Outcomes = Partial<Record<Kind, Outcome>>;

/** The browser, as far as asking for devices goes. */
export interface AccessHost {
  readonly mediaDevices: Pick<MediaDevices, 'getUserMedia'> | undefined;
  readonly secure: boolean;
  /** Where this page is to be had over https, if that is known. */
  readonly https: string | undefined;
  readonly browser: Browser;
  /** What the browser says of the permission; undefined where it does not tell. */
  permission(kind: Kind): Promise<PermissionState | undefined>;
  /** Whether the page that embeds this one allows it; undefined where the browser does not tell. */
  policy(kind: Kind): boolean | undefined;
  /** In a frame of another origin. */
  readonly framed: boolean;
  /** In milliseconds. */
  now(): number;
}

/**
 * Asks for camera and microphone, in one question where that is possible. Each has an outcome of its own: one that fails
 * leaves the other. Never rejects. A question that the visitor dismissed is not asked again by itself.
 */
export class DeviceAccess {
  readonly #host: AccessHost;

  constructor(host: AccessHost = pageAccess()) {
    this.#host = host;
  }

  get browser(): Browser {
    return this.#host.browser;
  }

  /** Whether opening it would ask nobody. False where the browser does not tell. */
  async isAllowed(kind: Kind): Promise<boolean> {
    return (await this.#host.permission(kind)) === 'granted';
  }

  async open(wish: Wish): Promise<Outcomes> {
    const { mediaDevices, secure, https } = this.#host;
    const wanted = KINDS.filter((kind) => wish[kind] !== undefined);
    const outcomes: Outcomes = {};
    if (mediaDevices === undefined) {
      const refusal: Refusal = secure ? { why: 'unsupported' } : { why: 'insecure', https };
      for (const kind of wanted) outcomes[kind] = { granted: false, refusal };
      return outcomes;
    }
    for (const kind of wanted) {
      if (this.#host.policy(kind) === false) outcomes[kind] = { granted: false, refusal: { why: 'policy' } };
    }
    const open = wanted.filter((kind) => outcomes[kind] === undefined);
    // What was denied before would take the other with it: asked alone it fails without a question.
    const states = await Promise.all(open.map((kind) => this.#host.permission(kind)));
    const together = open.length === 2 && states.every((state) => state !== 'denied');
    const due = together ? await this.#both(wish, outcomes) : open;
    for (const kind of due) outcomes[kind] = await this.#one(kind, wish);
    return outcomes;
  }

  /** Returns what is to be asked for alone. */
  async #both(wish: Wish, outcomes: Outcomes): Promise<readonly Kind[]> {
    const began = this.#host.now();
    try {
      const tracks = await this.#ask(wish);
      for (const kind of KINDS) outcomes[kind] = outcomeOf(tracks.get(kind));
      return [];
    } catch (error) {
      if (!isRefusal(error)) return KINDS;
      const due: Kind[] = [];
      for (const kind of KINDS) {
        const refusal = await this.#refusal(kind, error, began);
        if ((await this.#host.permission(kind)) === 'granted') due.push(kind);
        else outcomes[kind] = { granted: false, refusal };
      }
      return due;
    }
  }

  async #one(kind: Kind, wish: Wish): Promise<Outcome> {
    const began = this.#host.now();
    try {
      return outcomeOf((await this.#ask({ [kind]: wish[kind] })).get(kind));
    } catch (error) {
      return { granted: false, refusal: await this.#refusal(kind, error, began) };
    }
  }

  async #ask(wish: Wish): Promise<ReadonlyMap<Kind, MediaStreamTrack>> {
    const { mediaDevices } = this.#host;
    const stream = await mediaDevices?.getUserMedia({
      ...(wish.camera !== undefined && { video: wish.camera }),
      ...(wish.microphone !== undefined && { audio: wish.microphone }),
    });
    const tracks = stream?.getTracks() ?? [];
    return new Map(tracks.map((track) => [track.kind === 'audio' ? 'microphone' : 'camera', track] as const));
  }

  async #refusal(kind: Kind, error: unknown, began: number): Promise<Refusal> {
    const { browser, framed } = this.#host;
    const tookMs = this.#host.now() - began;
    const permission = await this.#host.permission(kind);
    const untold = framed && this.#host.policy(kind) === undefined;
    return refusalOf(error, { browser, permission, framed: untold, tookMs });
  }
}

function outcomeOf(track: MediaStreamTrack | undefined): Outcome {
  return track === undefined ? { granted: false, refusal: { why: 'none' } } : { granted: true, track };
}

function isRefusal(error: unknown): boolean {
  return error instanceof DOMException && ['NotAllowedError', 'SecurityError'].includes(error.name);
}

/** The page that this runs in. `https`: where else it is to be had. */
export function pageAccess(https?: string): AccessHost {
  // Absent where the page came over plain HTTP.
  const mediaDevices: MediaDevices | undefined = navigator.mediaDevices;
  return {
    mediaDevices,
    secure: isSecureContext,
    https,
    browser: browserOf(navigator.userAgent, navigator.maxTouchPoints),
    permission: permissionOf,
    policy: (kind) => policy()?.allowsFeature(kind),
    framed: isFramed(),
    now: () => performance.now(),
  };
}

async function permissionOf(kind: Kind): Promise<PermissionState | undefined> {
  try {
    // Some browsers have the interface and not these names.
    return (await navigator.permissions.query({ name: kind as PermissionName })).state;
  } catch {
    return undefined;
  }
}

interface Policy {
  allowsFeature(name: string): boolean;
}

/** Chromium's only; under its old name until all have the new one. */
function policy(): Policy | undefined {
  const found: Document & { readonly permissionsPolicy?: Policy; readonly featurePolicy?: Policy } = document;
  return found.permissionsPolicy ?? found.featurePolicy;
}

function isFramed(): boolean {
  try {
    return window.top?.location.origin !== location.origin;
  } catch {
    return true;
  }
}

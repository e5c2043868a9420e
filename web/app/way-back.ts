/** The call that a page was in when it went, for the next page of its tab. */
export interface WayBack {
  readonly room: string;
  readonly name: string;
  /** The one that was pasted; '' where the gateway gives tokens to visitors. */
  readonly token: string;
  /** What the others saw and heard. */
  readonly camera: boolean;
  readonly microphone: boolean;
}

const KEY = 'signalbox.way-back';
/** Somebody who comes back later than this begins with the form. In milliseconds. */
const LIFE_MS = 30_000;

/** The page goes: a tab that is duplicated before has nothing of it. */
export function leaveWayBack(way: WayBack): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...way, at: Date.now() }));
  } catch {
    // A browser that keeps nothing begins with the form.
  }
}

/** Takes what the page before left; undefined where it was in no call, or too long ago. */
export function takeWayBack(): WayBack | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    sessionStorage.removeItem(KEY);
    if (typeof stored !== 'object' || stored === null || !('at' in stored)) return undefined;
    return Date.now() - Number(stored.at) < LIFE_MS ? (stored as unknown as WayBack) : undefined;
  } catch {
    return undefined;
  }
}

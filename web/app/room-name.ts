const FIRST = [
  'amber',
  'brisk',
  'calm',
  'clear',
  'early',
  'gentle',
  'green',
  'kind',
  'late',
  'light',
  'quiet',
  'warm',
];
const SECOND = [
  'bay',
  'birch',
  'brook',
  'field',
  'harbor',
  'hill',
  'lake',
  'meadow',
  'river',
  'shore',
  'sky',
  'stone',
];
const STARTED = 'signalbox.started';

/** A room name that is easily said, and that nobody else is likely to have: 1.4 million of them. */
export function suggestRoom(): string {
  const [first = 0, second = 0, number = 0] = crypto.getRandomValues(new Uint16Array(3));
  return `${FIRST[first % FIRST.length]}-${SECOND[second % SECOND.length]}-${1000 + (number % 9000)}`;
}

/** Remembers that this browser began the room: whoever begins it is its host, where the gateway gives tokens to visitors. */
export function rememberStarted(room: string): void {
  try {
    localStorage.setItem(
      STARTED,
      JSON.stringify([room, ...started().filter((other) => other !== room)].slice(0, 20)),
    );
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

export function startedHere(room: string): boolean {
  return started().includes(room);
}

function started(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STARTED) ?? '[]');
    return Array.isArray(stored) ? stored.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** This gateway gives no tokens to visitors. */
export class NoTokens extends Error {}

/** Who the visitor is, as far as this tab knows: kept for reloads, another one in each tab. */
export function tabIdentity(): string {
  const key = 'signalbox.identity';
  try {
    const known = sessionStorage.getItem(key);
    if (known !== null) return known;
    sessionStorage.setItem(key, newIdentity());
    return sessionStorage.getItem(key) ?? newIdentity();
  } catch {
    return newIdentity();
  }
}

/** Another identity from now on: this one is in use elsewhere. */
export function forgetIdentity(): void {
  try {
    sessionStorage.removeItem('signalbox.identity');
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

/** A token for a room from `GET /dev/token`, which gateways have in development only. */
export async function developmentToken(room: string, identity: string, name: string): Promise<string> {
  const response = await fetch(`/dev/token?${new URLSearchParams({ room, identity, name })}`);
  if (response.status === 404) throw new NoTokens('no /dev/token');
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

function newIdentity(): string {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `guest-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

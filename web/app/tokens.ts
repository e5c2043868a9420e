import { SignalboxError } from '../../src/client/index.ts';

/** This gateway gives no tokens to visitors. */
export class NoTokens extends Error {}

/** Who asks for a token, and for what. */
export interface TokenWish {
  readonly room: string;
  readonly identity: string;
  readonly name: string;
  readonly moderate: boolean;
}

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

/** A token for a room from `GET /dev/token`, which gateways have in development only. Rejects: `NoTokens`, SignalboxError. */
export async function developmentToken({ moderate, ...wish }: TokenWish): Promise<string> {
  const query = new URLSearchParams({ ...wish, ...(moderate && { moderate: '1' }) });
  const response = await fetch(`/dev/token?${query}`).catch((cause: unknown) => {
    throw new SignalboxError({ reason: 'unreachable', detail: 'no answer to /dev/token', cause });
  });
  if (response.status === 404) throw new NoTokens('no /dev/token');
  if (response.status === 400)
    throw new SignalboxError({ reason: 'malformed', detail: await response.text() });
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

function newIdentity(): string {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `guest-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

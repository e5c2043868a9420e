import type { TransportName } from '../../src/client/index.ts';

/** What the address of the page says. */
export interface Address {
  readonly room: string;
  readonly token: string;
  readonly name: string;
  /** Language to speak instead of the browser's; '' for that. */
  readonly language: string;
  /** `?moderate=1`: asks for a development token that may moderate. */
  readonly moderate: boolean;
  /** For tests: forces a transport. */
  readonly transport: TransportName | undefined;
}

/** Parameters that a link to others keeps. */
const KEPT = ['transport', 'lang'];

/** Reads `?room=`, `?token=`, `?name=`, … and the same in the fragment; a fragment without `=` is the room. */
export function readAddress(location: Pick<Location, 'search' | 'hash'>): Address {
  const query = new URLSearchParams(location.search);
  const fragment = location.hash.slice(1);
  const hash = new URLSearchParams(fragment.includes('=') ? fragment : '');
  const bare = fragment.includes('=') ? '' : decode(fragment);
  const read = (key: string) => query.get(key) ?? hash.get(key) ?? '';
  const transport = read('transport');
  return {
    room: read('room') || bare,
    token: read('token'),
    name: read('name'),
    language: read('lang'),
    moderate: read('moderate') === '1',
    transport: transport === 'websocket' || transport === 'connect-web' ? transport : undefined,
  };
}

/** The address that others open to join the same room: no token, no fragment. */
export function linkTo(room: string, href: string): string {
  const url = new URL(href);
  const kept = KEPT.flatMap((key) => {
    const value = url.searchParams.get(key);
    return value === null ? [] : [[key, value] as const];
  });
  url.search = '';
  url.hash = '';
  url.searchParams.set('room', room);
  for (const [key, value] of kept) url.searchParams.set(key, value);
  return url.href;
}

/** Where a page that came over plain HTTP may be had with devices; undefined for any other. */
export function overHttps(room: string, href: string): string | undefined {
  const url = new URL(linkTo(room, href));
  if (url.protocol !== 'http:') return undefined;
  url.protocol = 'https:';
  if (room === '') url.search = '';
  return url.href;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

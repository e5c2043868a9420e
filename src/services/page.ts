import { malformed } from './refusal-error.ts';

const defaultSize = 100;
const largestSize = 1000;
/**
 * Bytes of the entries of one page: gRPC clients take messages of 4 MiB, and so does the gateway's own limit. A page of
 * large entries ends early.
 */
const pageBytes = 2 * 1024 * 1024;
/** A token holds a kind, a scope and a position, each at most 128 bytes before they are escaped and encoded. */
const longestToken = 4096;

/** What a page is of. A token of one listing is no token of another. */
export interface Listing {
  readonly kind: 'rooms' | 'participants' | 'bans';
  /** Room, or prefix: what the caller must repeat with each page. */
  readonly scope: string;
  /** How many texts a position has. */
  readonly positionLength: number;
}

/** Entries asked for: 100 where the caller does not say, at most 1,000. */
export function pageSizeOf(asked: number): number {
  return asked === 0 ? defaultSize : Math.min(asked, largestSize);
}

/**
 * The token for the page behind `position`. It holds the key of the last entry, not a count of entries: what comes and
 * goes between two pages neither repeats nor hides an entry that was there all the time.
 */
export function pageTokenOf({ kind, scope }: Listing, position: readonly string[]): string {
  return Buffer.from(JSON.stringify([kind, scope, ...position])).toString('base64url');
}

/** The position that a token stands for; undefined for the first page. Throws INVALID_ARGUMENT. */
export function positionOf(listing: Listing, token: string): readonly string[] | undefined {
  if (token === '') return undefined;
  const parts = parse(token);
  if (parts === undefined || parts.length !== 2 + listing.positionLength) {
    throw malformed('page_token', 'is not a next_page_token of this method');
  }
  const [kind, scope, ...position] = parts;
  if (kind !== listing.kind || scope !== listing.scope) {
    throw malformed('page_token', 'is of another request: only page_size may change from page to page');
  }
  return position;
}

/** Of `entries`, which are one more than `size` where more follow, those that make the page. */
export function cutPage<Entry>(
  entries: readonly Entry[],
  size: number,
  bytesOf: (entry: Entry) => number,
): { readonly page: Entry[]; readonly more: boolean } {
  const page: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += bytesOf(entry);
    if (page.length === size || (page.length > 0 && bytes > pageBytes)) return { page, more: true };
    page.push(entry);
  }
  return { page, more: false };
}

function parse(token: string): string[] | undefined {
  if (token.length > longestToken) return undefined;
  const json = Buffer.from(token, 'base64url');
  if (json.toString('base64url') !== token) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.every((part): part is string => typeof part === 'string') ? value : undefined;
}

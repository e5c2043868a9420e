import { HpackError } from './hpack-error.ts';

/**
 * RFC 7541, appendix B: the bits of each symbol's code as a base-36 digit, the end of the string last. The code is canonical:
 * codes of one length are in the order of their symbols, so the lengths say all.
 */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u';

const END_OF_STRING = 256;
/** Padding is the beginning of the end-of-string code, which is all ones, and shorter than an octet (section 5.2). */
const MOST_PADDING = 7;

/** In a step: nothing may follow here. */
const FAILS = 0x20000;
/** In a step: a symbol is complete, the low octet. The state that follows is in the octet above it. */
const EMITS = 0x10000;

/**
 * A state is a place within a code, 0 the beginning of one. `steps` says for each state and each half of an octet what is
 * complete and where that leads; `mayEnd` where a text may be over.
 */
const { steps, mayEnd } = buildSteps();

/** Decoding an octet gives a symbol in five bits at the least. */
export function mostDecoded(octets: number): number {
  return Math.floor((octets * 8) / 5);
}

/**
 * Decodes the octets from `start` to `end` into `target` from its beginning.
 *
 * @returns How many they are. What has no room in `target` is counted and let go.
 * @throws HpackError for an end of string within it, and for padding that is too long or not all ones.
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const octet = source[at] ?? 0;
    let step = steps[(state << 4) | (octet >> 4)] ?? FAILS;
    // Beyond the end of a typed array nothing is written.
    if ((step & EMITS) !== 0) target[length++] = step;
    const rest = steps[((step >> 4) & 0xff0) | (octet & 0xf)] ?? FAILS;
    if ((rest & EMITS) !== 0) target[length++] = rest;
    if (((step | rest) & FAILS) !== 0) throw new HpackError('an end of string within a text');
    step = rest;
    state = (step >> 8) & 0xff;
  }
  if (mayEnd[state] !== 1) throw new HpackError('padding that is not the beginning of an end of string');
  return length;
}

/** A place in the tree of codes: where a zero and a one lead. */
interface Place {
  readonly number: number;
  readonly next: [Place | number | undefined, Place | number | undefined];
}

function buildSteps(): { steps: Uint32Array; mayEnd: Uint8Array } {
  const places = codeTree();
  const root = places[0];
  const steps = new Uint32Array(places.length << 4);
  const mayEnd = new Uint8Array(places.length);
  for (const place of places) {
    for (let half = 0; half < 16; half += 1) steps[(place.number << 4) | half] = stepFrom(place, half);
  }
  let padding: Place | number | undefined = root;
  for (let bits = 0; bits <= MOST_PADDING && typeof padding === 'object'; bits += 1) {
    mayEnd[padding.number] = 1;
    padding = padding.next[1];
  }
  return { steps, mayEnd };

  function stepFrom(place: Place, half: number): number {
    let at = place;
    let emitted = 0;
    for (let bit = 3; bit >= 0; bit -= 1) {
      const next = at.next[(half >> bit) & 1 ? 1 : 0];
      if (next === END_OF_STRING || next === undefined || root === undefined) return FAILS;
      if (typeof next === 'number') emitted = EMITS | next;
      at = typeof next === 'number' ? root : next;
    }
    return emitted | (at.number << 8);
  }
}

function codeTree(): Place[] {
  const places: Place[] = [{ number: 0, next: [undefined, undefined] }];
  const symbols = [...LENGTHS].map((digit, symbol) => ({ symbol, length: Number.parseInt(digit, 36) }));
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let before = 0;
  for (const { symbol, length } of symbols) {
    code *= 2 ** (length - before);
    before = length;
    plant(code, length, symbol);
    code += 1;
  }
  return places;

  function plant(code: number, length: number, symbol: number): void {
    let at = places[0];
    for (let bit = length - 1; bit > 0 && at !== undefined; bit -= 1) {
      const side = (code >> bit) & 1 ? 1 : 0;
      let next = at.next[side];
      if (typeof next !== 'object') {
        next = { number: places.length, next: [undefined, undefined] };
        places.push(next);
        at.next[side] = next;
      }
      at = next;
    }
    if (at !== undefined) at.next[code & 1 ? 1 : 0] = symbol;
  }
}

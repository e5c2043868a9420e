import type { CoreLimits } from './limits.ts';
import { defaultLimits } from './limits.ts';

/**
 * The rules for the texts of the schema: identities, room names, display names, labels, attributes. Each function
 * returns undefined, or a sentence for the developer that says what is wrong. Texts are compared byte by byte and never
 * changed on the way.
 */

/** Bytes of UTF-8 of an identity and of a room's name: they are part of every key of the store. */
const nameBytes = 128;
/** Bytes of UTF-8 of a role, a message type, a device id, a track id. */
const labelBytes = 64;
/** Code points of a display name. */
const displayNamePoints = 64;

/** General category Cc (C0, DEL, C1): they break logs, terminals and header fields. */
const control = /\p{Cc}/u;
/** Embeddings and overrides (UAX 9, 3.1): they turn the text that follows a name around. */
const override = /[\u202a-\u202e]/u;
const isolate = /[\u2066-\u2069]/gu;
const closeIsolate = '\u2069';

/** Of an identity: the token's `sub`. 1 to 128 bytes of UTF-8, no control characters. */
export function identityProblem(text: string): string | undefined {
  return boundedProblem('an identity', text, 1, nameBytes);
}

/** Of a room's name. 1 to 128 bytes of UTF-8, no control characters, no `*` at the end: that is a token's prefix. */
export function roomProblem(text: string): string | undefined {
  if (text.endsWith('*'))
    return 'a room name must not end with *: in a token it means every name that begins so';
  return boundedProblem('a room name', text, 1, nameBytes);
}

/** Of a token's `room`: a room name, or the beginning of one and `*`. Empty: any room. */
export function roomPatternProblem(text: string): string | undefined {
  if (text === '' || text === '*') return undefined;
  return roomProblem(text.endsWith('*') ? text.slice(0, -1) : text);
}

/** Of a display name. At most 64 code points, NFC, no control characters, no bidi overrides. May be empty. */
export function displayNameProblem(text: string): string | undefined {
  const problem = characterProblem('a display name', text);
  if (problem !== undefined) return problem;
  // A code point has at most two UTF-16 units: the cheap test keeps a long text from being spread.
  const points = text.length > displayNamePoints * 2 ? text.length : [...text].length;
  if (points > displayNamePoints) return `a display name has at most ${displayNamePoints} code points`;
  if (override.test(text)) {
    return 'a display name must not contain bidirectional embeddings or overrides (U+202A to U+202E)';
  }
  if (!isolatesClosed(text)) {
    return 'a display name must close its bidirectional isolates (U+2066 to U+2068) with U+2069';
  }
  if (text.normalize('NFC') !== text) {
    return "a display name must be in Unicode normalization form C (JavaScript: name.normalize('NFC'))";
  }
  return undefined;
}

/** Of a role: the application's label. At most 64 bytes. May be empty. */
export function roleProblem(text: string): string | undefined {
  return boundedProblem('a role', text, 0, labelBytes);
}

/** Of a `message_type`. At most 64 bytes. May be empty. */
export function messageTypeProblem(text: string): string | undefined {
  return boundedProblem('a message type', text, 0, labelBytes);
}

/** Of a text that the schema bounds by bytes: no control characters, `least` to `most` bytes of UTF-8. */
export function boundedProblem(what: string, text: string, least: number, most: number): string | undefined {
  // UTF-8 is never shorter than UTF-16 counted in units: long texts are refused before they are read.
  const bytes = text.length > most ? text.length : Buffer.byteLength(text);
  if (bytes < least) return least === 1 ? `${what} must not be empty` : `${what} has at least ${least} bytes`;
  if (bytes > most) return `${what} has at most ${most} bytes of UTF-8`;
  return characterProblem(what, text);
}

/** Of attributes. At most 64 keys, 4 KiB of keys and values together, unless `limits` says otherwise. */
export function attributesProblem(
  attributes: Readonly<Record<string, string>>,
  limits: Pick<CoreLimits, 'attributeKeys' | 'attributesBytes'> = defaultLimits,
): string | undefined {
  const keys = Object.keys(attributes);
  if (keys.length > limits.attributeKeys) {
    return `there are at most ${limits.attributeKeys} attributes, these are ${keys.length}`;
  }
  let bytes = 0;
  for (const key of keys) {
    const value = attributes[key] ?? '';
    const problem = attributeKeyProblem(key);
    if (problem !== undefined) return problem;
    if (!value.isWellFormed()) return `the attribute ${JSON.stringify(key)} is not valid Unicode`;
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > limits.attributesBytes) {
    return `attributes have at most ${limits.attributesBytes} bytes of keys and values, these have ${bytes}`;
  }
  return undefined;
}

function attributeKeyProblem(key: string): string | undefined {
  if (key === '') return 'the key of an attribute must not be empty';
  // Objects hold the entries of a map, and this key is no entry of an object.
  if (key === '__proto__') return 'the key of an attribute must not be __proto__';
  return characterProblem('the key of an attribute', key);
}

function characterProblem(what: string, text: string): string | undefined {
  if (!text.isWellFormed()) return `${what} must be valid Unicode: this one has half a surrogate pair`;
  const found = control.exec(text);
  if (found === null) return undefined;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `${what} must not contain control characters: this one has U+${code}`;
}

function isolatesClosed(text: string): boolean {
  let open = 0;
  for (const [mark] of text.matchAll(isolate)) {
    open += mark === closeIsolate ? -1 : 1;
    if (open < 0) return false;
  }
  return open === 0;
}

import { isUtf8 } from 'node:buffer';

/** A message of the classic dialect: `{"type": …, "to": …, "data": …}`, with whatever else its sender added. */
export interface ClassicMessage {
  readonly type: string;
  /** Identity or participant id of the receiver; '' when there is none. */
  readonly to: string;
  readonly data: unknown;
  /** The whole object: older pages put `sdp`, `id` or `room` beside `type`. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** What is wrong with a message, for the developer of the page. */
export interface ClassicFault {
  /** The field at fault, '' for the message as a whole. */
  readonly field: string;
  readonly message: string;
}

export function isFault(value: object): value is ClassicFault {
  return 'field' in value && 'message' in value;
}

/** Reads one WebSocket message, text or binary, that must be a JSON object with a `type`. */
export function parseClassic(bytes: Uint8Array): ClassicMessage | ClassicFault {
  const whole = isUtf8(bytes) ? parseJson(Buffer.from(bytes).toString('utf8')) : undefined;
  if (!isObject(whole))
    return { field: '', message: 'a message is a JSON object such as {"type":"register",…}' };
  const { type, to = '', data } = whole;
  if (typeof type !== 'string' || type === '') return missing('type', 'a string such as "offer"');
  if (typeof to !== 'string' && typeof to !== 'number') return missing('to', 'the id of a participant');
  return { type, to: String(to), data, whole };
}

/** The fault of a field that is absent or of the wrong kind. */
export function missing(field: string, expected: string): ClassicFault {
  return { field, message: `\`${field}\` is missing or malformed: expected ${expected}` };
}

/** The value of a JSON text, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

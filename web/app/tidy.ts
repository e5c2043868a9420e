const CONTROL = /\p{Cc}+/gu;
/** Embeddings, overrides and isolates (UAX 9): names are shown isolated, and turn nothing around them. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/gu;
/** Code points. */
const LONGEST = 64;

/** A typed or pasted name as the gateway takes it: one line of at most 64 code points, without what turns the text around it. */
export function tidyName(typed: string): string {
  const line = typed.replace(CONTROL, ' ').replace(DIRECTION, '').replace(/\s+/gu, ' ').trim();
  return [...line.toWellFormed().normalize('NFC')].slice(0, LONGEST).join('').trim();
}

/** A typed or pasted name of a room: in one line. */
export function tidyRoom(typed: string): string {
  return typed.replace(CONTROL, ' ').trim();
}

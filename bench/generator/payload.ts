import { readFileSync } from 'node:fs';
import type { RecordedCall } from '../fixtures/recorded-call.ts';
import { COUNT_MARK } from './template.ts';

/** What peers say to each other through the server. */
export type DescriptionKind = 'offer' | 'answer' | 'offer-of-many';
export type Kind = DescriptionKind | 'candidate' | 'message';

export const connectionId = 'main';
export const negotiationId = 1;

const recorded: readonly RecordedCall[] = JSON.parse(
  readFileSync(new URL('../fixtures/calls.json', import.meta.url), 'utf8'),
);
const call = recorded.find(({ kind }) => kind === 'audio and video');
const first = call?.caller[0]?.candidate;
if (call === undefined || first === undefined) throw new Error('bench/fixtures/calls.json has no such call');

/** Media sections of a media node's offer for 25 people. */
const manySections = 25;

/**
 * Chromium's descriptions of a call with audio, video and a data channel; the count stands in the session id. The offer of many
 * has its video section again and again, as a media node's has one for each of the others.
 */
export const descriptions: Readonly<Record<DescriptionKind, string>> = {
  offer: counted(call.offer),
  answer: counted(call.answer),
  'offer-of-many': counted(call.offer) + videoOf(call.offer).repeat(manySections),
};

/** A candidate of the same call, the count in place of its foundation. */
export const candidate = {
  candidate: first.candidate?.replace(/^candidate:\d+/, `candidate:${COUNT_MARK}`) ?? '',
  sdpMid: first.sdpMid ?? '',
  sdpMLineIndex: first.sdpMLineIndex ?? 0,
  usernameFragment: first.usernameFragment ?? '',
};

/** A message to a room: with what stands around it, about 300 bytes. */
export const messageText = `message ${COUNT_MARK}: ${'signaling '.repeat(18)}`;

/** The description with this count in it. */
export function description(kind: 'offer' | 'answer', count: number): string {
  return descriptions[kind].replace(COUNT_MARK, String(count).padStart(COUNT_MARK.length, '0'));
}

/** The count in a description; undefined where anything but the count differs from what was recorded. */
export function countOf(kind: 'offer' | 'answer', sdp: string): number | undefined {
  const at = descriptions[kind].indexOf(COUNT_MARK);
  const count = Number(sdp.slice(at, at + COUNT_MARK.length));
  return description(kind, count) === sdp ? count : undefined;
}

function videoOf(sdp: string): string {
  return sdp.split(/^(?=m=)/m).find((section) => section.startsWith('m=video')) ?? '';
}

function counted(sdp: string): string {
  return sdp.replace(/^o=- \d+/m, `o=- ${COUNT_MARK}`);
}

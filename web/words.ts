import type { Reason } from '../src/client/index.ts';
import { SignalboxError } from '../src/client/index.ts';

/** Sentences for what can end or prevent a call; others are said in general words. */
const SENTENCES: Partial<Record<Reason, string>> = {
  unreachable: 'The gateway cannot be reached. Check the network and try again.',
  token_invalid: 'The token is not valid for this gateway.',
  token_expired: 'The token has ended. Ask for a new one.',
  token_revoked: 'The token was withdrawn.',
  denied: 'The token does not permit this.',
  room_not_found: 'There is no such room.',
  room_full: 'The room is full.',
  room_locked: 'The room is locked.',
  room_closed: 'The room was closed.',
  lobby_denied: 'You were not let in.',
  banned: 'You may not join this room.',
  not_started: 'The room is not open yet.',
  identity_in_use: 'You are in this room already, elsewhere.',
  overloaded: 'The gateway is full at the moment. Try again in a minute.',
  rate_limited: 'Too many attempts. Try again in a minute.',
  removed: 'You were removed from the room.',
  replaced: 'You joined from another tab or window.',
  moved: 'You were moved to another room.',
  too_large: 'That is too long.',
  malformed: 'The name or the room is not one that can be used.',
};

/** What happened, for a person. */
export function sentence(reason: Reason): string {
  return SENTENCES[reason] ?? `The call cannot go on (${reason.replaceAll('_', ' ')}).`;
}

/** An error of the SDK or of anything else, for a person. */
export function explain(error: unknown): string {
  if (error instanceof SignalboxError) return sentence(error.reason);
  return error instanceof Error ? error.message : String(error);
}

/** Why there is no camera, microphone or screen. */
export function explainDevice(error: unknown, what: string): string {
  if (error instanceof InsecureContext) {
    return `The browser gives ${what} only to pages that came over https or from localhost. Open the https address of this page.`;
  }
  const name = error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `The browser does not allow ${what}. Allow it in the site settings, left of the address, and try again.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No device was found for ${what}.`;
    case 'NotReadableError':
    case 'AbortError':
      return `The device for ${what} cannot be used: another program may be using it.`;
    default:
      return `There is no ${what}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The page came over plain HTTP: the browser has no devices for it. */
export class InsecureContext extends Error {}

import { describe } from 'vitest';
import { admissionContract } from './contract/admission.ts';
import type { MakeEngine } from './contract/engine-kit.ts';
import { hubsContract } from './contract/hubs.ts';
import { inboxContract } from './contract/inbox.ts';
import { keyedTableContract } from './contract/keyed-table.ts';
import { lobbyContract } from './contract/lobby.ts';
import { messagesContract } from './contract/messages.ts';
import { presenceContract } from './contract/presence.ts';
import { roomsContract } from './contract/rooms.ts';
import { sessionsContract } from './contract/sessions.ts';

/** What every engine keeps. One test file for each engine calls this with a way to make one. */
export function engineContract(name: string, make: MakeEngine): void {
  describe(`${name} engine`, () => {
    describe('sessions', () => sessionsContract(make));
    describe('an inbox', () => inboxContract(make));
    describe('admission', () => admissionContract(make));
    describe('the lobby', () => lobbyContract(make));
    describe('presence', () => presenceContract(make));
    describe('hubs', () => hubsContract(make));
    describe('messages', () => messagesContract(make));
    describe('the keyed table', () => keyedTableContract(make));
    describe('rooms', () => roomsContract(make));
  });
}

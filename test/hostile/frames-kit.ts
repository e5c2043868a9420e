import { afterEach, beforeEach, expect } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { enumName } from '../helpers/enum-name.ts';
import { testVerifier } from '../helpers/node-kit.ts';
import type { ClientBody } from '../helpers/scripted-client.ts';
import { startTestNode, type TestClient, type TestNode, type TestNodeOptions } from '../helpers/test-node.ts';

/*
 * Bad input of a client on the core, whatever lane it came by. Each row of the tables in `frames-*.test.ts` gets the
 * documented answer, and disturbs nobody: a bystander in the same room sees nothing, and the sender's next good frame works.
 */

/** A room with Ann, a bystander and Eve, who misbehaves; Sam is in another one. New for each test. */
export let kit: TestNode;
export let eve: TestClient;
export let eveId: string;
export let ann: TestClient;
export let annId: string;
export let bystander: TestClient;
export let samId: string;

/** Small enough to be met by a short text. */
const limits = {
  signalBytes: 2000,
  messageBytes: 1000,
  frameBytes: 3000,
  rooms: 2,
  attributesBytes: 100,
  attributeKeys: 3,
  tracks: 2,
};

/** Sets the room up before each test of a file, and takes it down after it. */
export function useHostileRoom(options: TestNodeOptions = {}): void {
  beforeEach(async () => {
    kit = await startTestNode({
      limits,
      verifier: {
        verify: async (token) => {
          if (token === 'expired' || token === 'revoked') {
            return { reason: token, detail: `the token is ${token}` };
          }
          if (token === 'away') return { reason: 'unavailable', detail: 'the issuer cannot be reached' };
          return testVerifier.verify(token);
        },
      },
      ...options,
    });
    const inRoom = async (room: string, identity: string) => kit.inRoom(room, { identity });
    ({ client: ann, id: annId } = await inRoom('r', 'ann'));
    ({ client: bystander } = await inRoom('r', 'bob'));
    ({ id: samId } = await inRoom('s', 'sam'));
    ({ client: eve, id: eveId } = await inRoom('r', 'eve'));
    await kit.pass(1000);
  });
  afterEach(() => kit.stop());
}

/** What a client has seen, but for the news that Eve's connection is lost, where that is her own doing. */
function seen({ frames }: TestClient, closes: boolean): number {
  return frames.filter(({ body }) => {
    if (!closes || body.case !== 'rosterDelta') return true;
    return body.value.updated.length !== 1 || body.value.updated[0]?.id !== eveId;
  }).length;
}

/** Nothing that `act` does is seen by those who have no part in it. `closes`: it ends Eve's connection. */
export async function undisturbed(
  act: () => void | Promise<void>,
  others: readonly TestClient[] = [ann, bystander],
  closes = false,
): Promise<void> {
  const before = others.map((client) => seen(client, closes));
  await act();
  await kit.settle();
  expect(others.map((client) => seen(client, closes))).toEqual(before);
}

/** A frame that is good, to see that all is well. */
export async function works(client: TestClient): Promise<void> {
  const before = bystander.all('message').length;
  client.send(message(text('all is well')));
  await kit.settle();
  expect(bystander.all('message').length).toBe(before + 1);
}

export const text = (value: string) => ({ content: { case: 'text' as const, value } });
export const signalTo = (to: string, more = {}): ClientBody => ({ case: 'signal', value: { to, ...more } });
export const message = (more: object = {}): ClientBody => ({
  case: 'message',
  value: { room: 'r', ...text('x'), ...more },
});
export const join = (more: object) => (): ClientBody => ({ case: 'join', value: { room: 'q', ...more } });
export const update = (more: object) => (): ClientBody => ({
  case: 'updateParticipant',
  value: { room: 'r', ...more },
});
export const moderate =
  (action: number, more: object = {}) =>
  (): ClientBody => ({
    case: 'moderate',
    // Also actions that the schema does not know.
    value: { room: 'r', participant: annId, ...more, action: action as 1 },
  });

/** A frame that is refused: what it is, why, and the field at fault. */
export type Row = readonly [
  what: string,
  body: () => ClientBody,
  reason: keyof typeof Reason,
  fieldPath?: string | undefined,
];

/** The frame is refused for this reason, once, and nobody else sees anything of it. */
export async function refused([, body, reason, fieldPath]: Row, client = eve): Promise<void> {
  const before = client.all('error').length;
  await undisturbed(() => void client.send(body()));
  const [error, ...more] = client.all('error').slice(before);
  expect(more).toEqual([]);
  expect(enumName(Reason, error?.reason ?? -1)).toBe(reason);
  expect(error).toMatchObject({ seq: client.seq, ...(fieldPath === undefined ? {} : { fieldPath }) });
  expect(error?.detail).not.toBe('');
  expect(client.acked).toBe(client.seq);
}

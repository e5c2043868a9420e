import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claims } from '../../src/auth/token-claims.ts';
import { connect, type Room, type Session, type TransportName } from '../../src/client/index.ts';
import { createToken } from '../../src/server.ts';
import { secretOf, until } from '../helpers/auth-kit.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { silent } from './gateway-kit.ts';

const transports: readonly TransportName[] = ['grpc', 'websocket', 'connect-web'];
const keyOf = (kid: string) => ({ kid, alg: 'HS256', secret: secretOf(kid) }) as const;

let folder: string;
let keyFile: string;
let gateway: E2eGateway;
const sessions: Session[] = [];
const write = (...kids: string[]) => writeFile(keyFile, JSON.stringify({ keys: kids.map(keyOf) }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-tokens-'));
  keyFile = join(folder, 'keys.json');
  await write('old', 'new');
  gateway = await startE2eGateway({ keyFile });
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await gateway.close();
  await rm(folder, { recursive: true });
});

interface Client {
  readonly session: Session;
  readonly room: Room;
  /** Its states since. */
  readonly states: string[];
}

async function open(
  transport: TransportName,
  room: string,
  token: string | (() => Promise<string>),
): Promise<Client> {
  const session = await connect(gateway.url, { transport, token, logger: silent });
  sessions.push(session);
  const states: string[] = [];
  session.on('state', ({ status }) => states.push(status));
  return { session, room: await session.join(room), states };
}

const tokenOf = (kid: string, claims: Claims, expiresIn: string) =>
  createToken(keyOf(kid), claims, { expiresIn });

/** The gateway looks once a second: half of a shorter life could be over with all of it on a busy machine. */
const life = '6s';
const twoLivesMs = 13_000;

/** Somebody who stays, and what it sees of the others. */
async function watch(room: string) {
  const token = await tokenOf('new', { identity: 'watcher' }, '1h');
  const watcher = await open('grpc', room, token);
  const seen: string[] = [];
  watcher.room.on('participantChanged', ({ identity, state }) => seen.push(`${identity} ${state}`));
  watcher.room.on('left', ({ participant, reason }) => seen.push(`${participant.identity} ${reason}`));
  return { ...watcher, seen };
}

describe.concurrent('a session of the SDK outlives its tokens', () => {
  it('where the application has new ones, and nobody notices', async () => {
    const { seen, room: watched } = await watch('function');
    let calls = 0;
    const clients = await Promise.all(
      transports.map((transport) =>
        open(transport, 'function', () => {
          calls += 1;
          return tokenOf('new', { identity: transport }, life);
        }),
      ),
    );
    await delay(twoLivesMs);
    expect(calls).toBeGreaterThanOrEqual(3 * clients.length);
    expect(clients.map(({ states, session }) => [states, session.state.status])).toEqual(
      clients.map(() => [[], 'connected']),
    );
    expect([seen, watched.participants.size]).toEqual([[], clients.length]);
  });

  it('where they permit the gateway to renew them, without the application', async () => {
    const { seen } = await watch('renewed');
    const clients = await Promise.all(
      transports.map(async (transport) => {
        const claims = { identity: transport, renewUntil: Date.now() + 60_000 };
        return open(transport, 'renewed', await tokenOf('new', claims, life));
      }),
    );
    await delay(twoLivesMs);
    expect(clients.map(({ states, session }) => [states, session.state.status])).toEqual(
      clients.map(() => [[], 'connected']),
    );
    expect(seen).toEqual([]);
  });

  it('and does not where neither has one: it ends, and says why', async () => {
    const clients = await Promise.all(
      transports.map(async (transport) =>
        open(transport, 'ended', await tokenOf('new', { identity: transport }, '2s')),
      ),
    );
    await until(() => clients.every(({ session }) => session.state.status === 'closed'));
    const reasons = clients.map(({ session: { state } }) => 'reason' in state && state.reason);
    expect(reasons).toEqual(clients.map(() => 'token_expired'));
  });
});

describe('a session of the SDK whose key leaves the key file', () => {
  it('goes on with a token of another one: the same session, and nothing is lost', async () => {
    const { room: watched } = await watch('keys');
    let kid = 'old';
    const clients = await Promise.all(
      transports.map((transport) =>
        open(transport, 'keys', () => tokenOf(kid, { identity: transport }, '1h')),
      ),
    );
    const ids = clients.map(({ session }) => session.id);
    const heard = clients.map(({ room }) => {
      const texts: unknown[] = [];
      room.on('message', ({ content }) => texts.push(content));
      return texts;
    });
    kid = 'new';
    await write('new');
    const said: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      said.push(`${i}`);
      await watched.send('chat', `${i}`);
      if (clients.every(({ states }) => states.includes('connected'))) break;
      await delay(50);
    }
    await until(() => heard.every((texts) => texts.length === said.length));
    expect(heard).toEqual(clients.map(() => said));
    expect(clients.map(({ session }) => session.id)).toEqual(ids);
    expect(clients.map(({ states }) => states.at(-1))).toEqual(clients.map(() => 'connected'));
    expect(clients.every(({ states }) => states.includes('reconnecting'))).toBe(true);
  });
});

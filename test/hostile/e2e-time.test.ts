import { timestampMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, test } from 'vitest';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import {
  ClientState_Activity as Activity,
  NextStep,
  Welcome_Outcome as Outcome,
  type Welcome,
} from '../../gen/signalbox/v1/session_pb.ts';
import type { CoreLimits } from '../../src/core/limits.ts';
import { until } from '../helpers/auth-kit.ts';
import { enumName } from '../helpers/enum-name.ts';
import type { LaneClient, LaneOptions } from '../helpers/lane-client.ts';
import { type LaneKind, laneKinds, openLane } from '../helpers/lane-clients.ts';
import { type LanesInTime, startLanesInTime } from '../helpers/lanes-in-time.ts';
import { type TestGrants, testToken } from '../helpers/node-kit.ts';
import { resumeOf } from '../helpers/resume-point.ts';
import type { TestClient } from '../helpers/test-node.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

// Every lane over real sockets, on a core whose time the test moves: what takes minutes takes a moment.

const second = 1000;
const minute = 60 * second;

let kit: LanesInTime;
const opened = new Set<LaneClient>();

afterEach(async () => {
  for (const client of opened) client.transport.drop();
  opened.clear();
  await kit.stop();
});

interface Page {
  readonly kind: LaneKind;
  readonly client: LaneClient;
  readonly welcome: Welcome;
  /** Participant id. */
  readonly id: string;
}

async function open(kind: LaneKind, grants: TestGrants | undefined, options: Partial<LaneOptions> = {}) {
  const token = grants === undefined ? '' : testToken({ identity: kind, ...grants });
  const client = await openLane(kind, { url: kit.url, token, ...options });
  opened.add(client);
  return { client, welcome: await client.until('welcome') };
}

/** A client on every lane, all in one room with a bystander, and nothing on its way any more. */
async function openAll(
  grants: TestGrants = {},
  options: Partial<LaneOptions> = {},
  limits: Partial<CoreLimits> = {},
) {
  // Acknowledgements else wait for time to pass.
  kit = await startLanesInTime({ limits: { ackFrames: 1, ...limits } });
  const { client: bystander } = await kit.inRoom('r', { identity: 'bystander' });
  const pages: Page[] = [];
  for (const kind of laneKinds) {
    const { client, welcome } = await open(kind, grants, options);
    const { participant } = await client.join('r');
    pages.push({ kind, client, welcome, id: participant?.id ?? '' });
  }
  await Promise.all(pages.map(({ client }) => client.untilAcked()));
  return { pages, bystander };
}

/** What the bystander saw of each page since: states and departures. */
function seen(bystander: TestClient, pages: readonly Page[]) {
  const deltas = bystander.all('rosterDelta');
  return pages.map(({ kind, id }) => [
    kind,
    ...deltas.flatMap(({ updated, left }) => [
      ...updated.filter((one) => one.id === id).map(({ state }) => enumName(State, state)),
      ...left.filter((one) => one.id === id).map(({ reason }) => enumName(Reason, reason)),
    ]),
  ]);
}

const sawOf = (pages: readonly Page[], ...what: string[]) => pages.map(({ kind }) => [kind, ...what]);

describe('a hidden page', () => {
  test('that answers Pings from its read path, and has no timer, stays ACTIVE for ten minutes on every lane', async () => {
    const { pages, bystander } = await openAll();
    const before = kit.pongs;
    const rounds = (10 * minute) / kit.limits.pingIntervalMs;
    for (let round = 1; round <= rounds; round += 1) {
      await kit.pass(kit.limits.pingIntervalMs);
      await until(() => kit.pongs >= before + round * pages.length);
    }
    expect(
      pages.map(({ client }) => client.frames.filter(({ body }) => body.case === 'ping').length),
    ).toEqual(pages.map(() => rounds));
    expect(seen(bystander, pages)).toEqual(sawOf(pages));
    expect(kit.node.figures.attachedSessions).toBe(pages.length + 1);
  });

  test('that answers none is AWAY within 20 s, and gone when its window ends', async () => {
    const { pages, bystander } = await openAll({}, { autoPong: false });
    await kit.pass(20 * second);
    expect(seen(bystander, pages)).toEqual(sawOf(pages, 'AWAY'));
    for (const { client } of pages) {
      expect(await client.until('closed')).toMatchObject({ reason: Reason.IDLE, nextStep: NextStep.RESUME });
      expect(await client.ended).toMatchObject({ code: 'unavailable' });
    }
    await kit.pass(kit.limits.resumeWindowMs);
    expect(seen(bystander, pages)).toEqual(sawOf(pages, 'AWAY', 'LEASE_EXPIRED'));
  });
});

describe('a client that is suspended for five minutes', () => {
  const suspend = async (pages: readonly Page[], holdSeconds: bigint) => {
    const hold = { seconds: holdSeconds, nanos: 0 };
    for (const { client } of pages) {
      client.send({ case: 'clientState', value: { activity: Activity.SUSPENDED, hold } });
      // The state has no seq: a frame behind it that has one tells when it was taken.
      client.send({ case: 'updateParticipant', value: { room: 'r', setAttributes: { a: 'b' } } });
      await client.untilAcked();
    }
  };
  const lose = async (pages: readonly Page[]) => {
    for (const { client } of pages) client.transport.drop();
    await until(() => kit.node.figures.attachedSessions === 1);
  };
  const comeBack = ({ kind, client, welcome }: Page) =>
    open(kind, undefined, {
      hello: { resume: resumeOf(client, welcome) },
      firstSeq: client.seq + 1,
    });

  test('and holds its session comes back to it on every lane, and nobody saw it go', async () => {
    const { pages, bystander } = await openAll();
    await suspend(pages, 600n);
    await lose(pages);
    await kit.pass(4 * minute);
    for (const { id } of pages) bystander.send({ case: 'signal', value: { to: id, wantReceipt: true } });
    await kit.pass(minute);
    for (const page of pages) {
      const { client, welcome } = await comeBack(page);
      expect(welcome).toMatchObject({ outcome: Outcome.RESUMED, sessionId: page.welcome.sessionId });
      await client.until('signal');
      client.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: page.kind } } });
    }
    await until(() => bystander.all('message').length === pages.length);
    await until(() => bystander.all('receipt').length === pages.length);
    expect(bystander.all('receipt').every(({ delivered }) => delivered)).toBe(true);
    const states = bystander.all('rosterDelta').flatMap(({ updated }) => updated.map(({ state }) => state));
    expect(new Set(states)).toEqual(new Set([State.ACTIVE]));
    expect(bystander.all('rosterDelta').flatMap(({ left }) => left)).toEqual([]);
  });

  test('and did not say so is gone in its window, on every lane', async () => {
    const { pages, bystander } = await openAll();
    await lose(pages);
    await kit.pass(5 * minute);
    expect(seen(bystander, pages)).toEqual(sawOf(pages, 'AWAY', 'LEASE_EXPIRED'));
    for (const page of pages) {
      const { client } = page;
      const token = testToken({ identity: page.kind });
      const back = await open(page.kind, undefined, {
        token,
        hello: { resume: resumeOf(client, page.welcome) },
      });
      expect(back.welcome).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.WINDOW_EXPIRED });
    }
  });
});

describe('a token', () => {
  /** Where virtual time begins. */
  const start = new VirtualClock().now();
  const firstMinute = { issuedAt: start, expiresAt: start + minute };
  const grantsFor = (milliseconds: number): TestGrants => {
    const now = kit.clock.now();
    return { issuedAt: now, expiresAt: now + milliseconds };
  };
  /** Time passes faster than sockets are read. */
  const noPings = { pingIntervalMs: 60 * minute };

  test('is told to end at half its life, ends its lane at its end, and costs nothing that was said, on every lane', async () => {
    const { pages, bystander } = await openAll(firstMinute, {}, noPings);
    await kit.pass(30 * second);
    for (const { client } of pages) {
      const { expiresAt, token } = await client.until('tokenExpiring');
      expect([expiresAt && timestampMs(expiresAt), token]).toEqual([start + minute, '']);
    }
    await kit.pass(30 * second);
    for (const { client } of pages) {
      expect(await client.until('closed')).toMatchObject({
        reason: Reason.TOKEN_EXPIRED,
        nextStep: NextStep.REAUTHENTICATE,
      });
      expect(await client.ended).toMatchObject({ code: 'unauthenticated' });
    }
    // The sending half is not worth more than the receiving one.
    for (const { client } of pages.filter(({ kind }) => kind.startsWith('halves'))) {
      client.send({ case: 'ping', value: { id: 1 } });
      expect(await client.untilCallFails()).toMatchObject({ code: 'unauthenticated' });
    }
    for (const { id } of pages) bystander.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    // A new token and the resume token, on another lane than before.
    for (const [index, { kind, client, welcome, id }] of pages.entries()) {
      const other = laneKinds[(index + 1) % laneKinds.length] ?? kind;
      const back = await open(other, undefined, {
        token: testToken({ identity: kind, ...grantsFor(minute) }),
        hello: { resume: resumeOf(client, welcome) },
        firstSeq: client.seq,
      });
      expect(back.welcome).toMatchObject({ outcome: Outcome.RESUMED, sessionId: welcome.sessionId });
      await back.client.until('signal');
      // What may not have come through comes again, and counts once.
      back.client.send({ case: 'join', value: { room: 'r' } });
      back.client.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: id } } });
      await back.client.untilAcked();
      expect(back.client.frames.filter(({ body }) => body.case === 'joined')).toEqual([]);
    }
    await until(() => bystander.all('message').length === pages.length);
    expect(bystander.all('message').map(({ content }) => content.value)).toEqual(pages.map(({ id }) => id));
    expect(seen(bystander, pages)).toEqual(sawOf(pages, 'AWAY', 'ACTIVE'));
  });

  test('that is refreshed within the session interrupts nothing, on every lane', async () => {
    const { pages, bystander } = await openAll(firstMinute, {}, noPings);
    for (let i = 0; i < 3; i += 1) {
      await kit.pass(45 * second);
      for (const { kind, client } of pages) {
        const token = testToken({ identity: kind, ...grantsFor(minute) });
        client.send({ case: 'refreshToken', value: { token } });
        await client.untilAcked();
      }
    }
    expect(kit.clock.now()).toBeGreaterThan(start + 2 * minute);
    expect(seen(bystander, pages)).toEqual(sawOf(pages));
    for (const { client } of pages) expect(client.end).toBeUndefined();
  });

  test('that is revoked ends its session at once, on every lane', async () => {
    const { pages, bystander } = await openAll();
    kit.node.closeSessions(({ identity }) => identity !== 'bystander', Reason.TOKEN_REVOKED, 'revoked');
    for (const { client } of pages) {
      expect(await client.until('closed')).toMatchObject({
        reason: Reason.TOKEN_REVOKED,
        nextStep: NextStep.STOP,
      });
      expect(await client.ended).toMatchObject({ code: 'unauthenticated' });
    }
    await kit.settle();
    expect(seen(bystander, pages)).toEqual(sawOf(pages, 'TOKEN_REVOKED'));
    expect(kit.node.figures.sessions).toBe(1);
  });
});

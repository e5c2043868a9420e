import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { ClientState_Activity as Activity } from '../../../gen/signalbox/v1/session_pb.ts';
import { enumName } from '../../helpers/enum-name.ts';
import { resumeOf } from '../../helpers/resume-point.ts';
import type { ScriptedClientOptions } from '../../helpers/scripted-client.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;
afterEach(() => kit.stop());

const second = 1000;
const minute = 60 * second;
const silent = { autoPong: false };

/** Ann says what she does; Bob looks. */
async function start(options: ScriptedClientOptions = silent, holdMs = 60 * minute) {
  kit = await startTestNode({ limits: { holdMs } });
  const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' }, options);
  const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
  /** `AWAY`, `ACTIVE`, `left LEASE_EXPIRED` … */
  const seen = () =>
    bob
      .all('rosterDelta')
      .flatMap(({ updated, left }) => [
        ...updated.filter((one) => one.id === id).map(({ state }) => enumName(State, state)),
        ...left.filter((one) => one.id === id).map(({ reason }) => `left ${enumName(Reason, reason)}`),
      ]);
  return { ann, id, bob, seen };
}

const say = async (client: TestClient, activity: Activity, holdMs?: number) => {
  const hold =
    holdMs === undefined ? {} : { hold: { seconds: BigInt(Math.trunc(holdMs / second)), nanos: 0 } };
  client.send({ case: 'clientState', value: { activity, ...hold } });
  await kit.settle();
};

async function resume(client: TestClient, options: ScriptedClientOptions = silent) {
  const [welcome] = client.all('welcome');
  if (welcome === undefined) throw new Error('there was no Welcome');
  return kit.client({}, { token: '', ...options, hello: { resume: resumeOf(client, welcome) } });
}

/** Of a newer schema. */
const unknown = 99 as Activity;
/** A silent client is judged after so long. */
const judgedMs = 20 * second;

describe('a client in the background', () => {
  it.each<Activity>([Activity.BACKGROUND, Activity.FOREGROUND, Activity.UNSPECIFIED, unknown])(
    'or the foreground is judged like any other (activity %i)',
    async (activity) => {
      const { ann, seen } = await start();
      await say(ann, activity, 10 * minute);
      await kit.pass(judgedMs);
      expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
      expect(seen()).toEqual(['AWAY']);
      await kit.pass(kit.limits.resumeWindowMs);
      expect(seen()).toEqual(['AWAY', 'left LEASE_EXPIRED']);
    },
  );
});

describe('a client that says that it is suspended', () => {
  it('comes back after five minutes, whether its connection was lost or not, and nobody saw it go', async () => {
    for (const lost of [true, false]) {
      const { ann, bob, id, seen } = await start();
      await say(ann, Activity.SUSPENDED, 6 * minute);
      if (lost) ann.drop();
      await kit.pass(4 * minute);
      bob.send({ case: 'signal', value: { to: id } });
      await kit.pass(minute);
      const again = await resume(ann);
      await kit.settle();
      expect([again.all('signal').length, seen()]).toEqual([lost ? 1 : 0, []]);
      if (!lost) expect(ann.all('signal')).toHaveLength(1);
      await kit.stop();
    }
    kit = await startTestNode();
  });

  it('is gone when its hold ends, for those who look as if it left then', async () => {
    const { ann, seen } = await start();
    await say(ann, Activity.SUSPENDED, 5 * minute);
    ann.drop();
    await kit.pass(5 * minute - 1);
    expect(seen()).toEqual([]);
    await kit.pass(1);
    expect(seen()).toEqual(['left LEASE_EXPIRED']);
  });

  it('is held no longer than the gateway’s limit, nor for ever where it names no hold', async () => {
    for (const asked of [60 * minute, undefined]) {
      const { ann, seen } = await start(silent, 2 * minute);
      await say(ann, Activity.SUSPENDED, asked);
      ann.drop();
      await kit.pass(2 * minute - 1);
      expect(seen()).toEqual([]);
      await kit.pass(1);
      expect(seen()).toEqual(['left LEASE_EXPIRED']);
      await kit.stop();
    }
    kit = await startTestNode();
  });

  it.each([0, -5 * minute])('and asks for no hold (%i ms) is gone with its connection', async (holdMs) => {
    const { ann, seen } = await start();
    await say(ann, Activity.SUSPENDED, holdMs);
    ann.drop();
    await kit.pass(0);
    expect(seen()).toEqual(['left LEASE_EXPIRED']);
  });

  // It was held for as long as its connection seemed open: for ever, where the network went without a word.
  it('and whose connection nobody ends is judged when its hold is over: AWAY, and gone in its window', async () => {
    const { ann, seen } = await start();
    await say(ann, Activity.SUSPENDED, 5 * minute);
    await kit.pass(5 * minute - second);
    expect([ann.all('ping'), ann.end, seen()]).toEqual([[], undefined, []]);
    await kit.pass(judgedMs);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
    expect(seen()).toEqual(['AWAY']);
    await kit.pass(kit.limits.resumeWindowMs);
    expect(seen()).toEqual(['AWAY', 'left LEASE_EXPIRED']);
  });

  it('and goes on answering when its hold is over stays', async () => {
    const { ann, seen } = await start({});
    await say(ann, Activity.SUSPENDED, minute);
    await kit.pass(10 * minute);
    expect([ann.end, seen()]).toEqual([undefined, []]);
    expect(ann.all('ping').length).toBeGreaterThan(50);
    // What it asked for is over: now it goes as others do.
    ann.drop();
    await kit.settle();
    expect(seen()).toEqual(['AWAY']);
  });

  it.each(['says so', 'comes back'])('and %s is awake: the next loss is seen', async (how) => {
    const { ann, seen } = await start();
    await say(ann, Activity.SUSPENDED, 10 * minute);
    let awake = ann;
    if (how === 'says so') await say(ann, Activity.FOREGROUND);
    else {
      ann.drop();
      awake = await resume(ann);
    }
    awake.drop();
    await kit.pass(kit.limits.resumeWindowMs);
    expect(seen()).toEqual(['AWAY', 'left LEASE_EXPIRED']);
  });

  it('in its Hello is believed from the start', async () => {
    kit = await startTestNode();
    const hold = { seconds: 300n, nanos: 0 };
    const hello = { state: { activity: Activity.SUSPENDED, hold } };
    const ann = await kit.client({ identity: 'ann' }, { ...silent, hello });
    await kit.pass(4 * minute);
    expect([ann.end, ann.all('ping')]).toEqual([undefined, []]);
    ann.drop();
    await kit.pass(4 * minute);
    expect(kit.node.figures.sessions).toBe(1);
  });
});

describe('a client whose network changed', () => {
  it('is asked at once, and again only when it was silent since', async () => {
    const { ann, seen } = await start({});
    await kit.pass(5 * second);
    ann.send({ case: 'clientState', value: { networkChanged: true, network: 'cellular' } });
    await kit.settle();
    expect(ann.all('ping')).toHaveLength(1);
    await kit.pass(kit.limits.pingIntervalMs - second);
    expect(ann.all('ping')).toHaveLength(1);
    await kit.pass(minute);
    expect([ann.end, seen()]).toEqual([undefined, []]);
  });

  it('and does not answer is AWAY after the time of one Pong: nobody waits for the interval', async () => {
    const { ann, seen } = await start();
    ann.send({ case: 'clientState', value: { networkChanged: true } });
    await kit.pass(kit.limits.pongTimeoutMs + second);
    expect(seen()).toEqual(['AWAY']);
  });
});

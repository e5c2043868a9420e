import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateRecordSchema } from '../gen/signalbox/state/v1/state_pb.ts';
import { RevocationList } from '../src/auth/revocation-list.ts';
import { HandOver } from '../src/hand-over.ts';
import { writeStateFile } from '../src/runtime/state-file.ts';
import { startTestNode, type TestNode } from './helpers/test-node.ts';

let folder: string;
let path: string;
const kits: TestNode[] = [];
const lines: { level: number; msg: string; [field: string]: unknown }[] = [];
const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-state-'));
  path = join(folder, 'state');
  lines.length = 0;
});

afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function process(now?: number) {
  const kit = await startTestNode(now === undefined ? {} : { now });
  kits.push(kit);
  const revocations = new RevocationList({ now: () => kit.clock.now() });
  const holders = { node: kit.node, engine: kit.engine, revocations };
  const options = { path, version: 'test', limits: kit.limits, now: () => kit.clock.now(), log };
  return { kit, holders, handOver: new HandOver(options) };
}

/** A process that had a session in a room, and has left them in the file. */
async function leave(): Promise<number> {
  const { kit, holders, handOver } = await process();
  await kit.inRoom('r', { identity: 'ann' });
  holders.revocations.revoke({ tenant: '', tokenIds: ['revoked'], identity: '' });
  expect(await handOver.leave(holders)).toBe(true);
  return kit.clock.now();
}

describe('a hand-over', () => {
  it('brings sessions and rooms from one process to the next, and lasts until it is cleared', async () => {
    const then = await leave();
    for (const _ of ['a start that finds its port taken', 'the next one']) {
      const { kit, holders, handOver } = await process(then + 1000);
      handOver.takeUp(holders);
      expect(kit.node.figures).toMatchObject({ sessions: 1, rooms: 1 });
      expect(holders.revocations.size).toBe(1);
    }
    const { kit, holders, handOver } = await process(then + 1000);
    handOver.clear();
    handOver.takeUp(holders);
    expect(kit.node.figures).toMatchObject({ sessions: 0, rooms: 0 });
    expect(readdirSync(folder)).toEqual([]);
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
  });

  it('takes nothing but revocations from a file that is older than any session lasts', async () => {
    const then = await leave();
    const { kit, holders, handOver } = await process(then + 30_000 + 3_600_000 + 1);
    handOver.takeUp(holders);
    expect(kit.node.figures).toMatchObject({ sessions: 0, rooms: 0 });
    expect(holders.revocations.size).toBe(1);
    expect(lines.find(({ level }) => level === 40)?.msg).toContain('older than any session lasts');
  });

  it('says so where the state cannot be written, and leaves no half of it', async () => {
    const { kit, holders } = await process();
    await kit.inRoom('r', { identity: 'ann' });
    const options = { path: join(folder, 'gone', 'state'), version: 'test', limits: kit.limits, log };
    const handOver = new HandOver({ ...options, now: () => kit.clock.now() });
    expect(await handOver.leave(holders)).toBe(false);
    expect(lines.find(({ level }) => level === 50)?.msg).toContain('could not be written');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('fails once, and not for ever, where the records do not belong together', async () => {
    const room = { case: 'room' as const, value: { name: 'r', members: [{ session: 'nobody' }] } };
    const head = { case: 'head' as const, value: { frozenAt: Number.POSITIVE_INFINITY } };
    const records = [head, room].map((record) =>
      toBinary(StateRecordSchema, create(StateRecordSchema, { record })),
    );
    await writeStateFile(path, records);
    const first = await process();
    expect(() => first.handOver.takeUp(first.holders)).toThrow('the session of');
    const second = await process();
    second.handOver.takeUp(second.holders);
    expect(readdirSync(folder)).toEqual(['state.rejected']);
  });

  const foreign: [string, () => Promise<unknown> | unknown][] = [
    ['something else', () => writeFileSync(path, 'hello')],
    ['records that are none', () => writeStateFile(path, [Uint8Array.of(0xff, 0xff, 0xff)])],
    ['nothing', () => writeStateFile(path, [])],
    [
      'records without a head',
      () => {
        const record = { case: 'revocation' as const, value: { key: 'x' } };
        return writeStateFile(path, [toBinary(StateRecordSchema, create(StateRecordSchema, { record }))]);
      },
    ],
  ];
  it.each(foreign)(
    'begins empty where the file holds %s: it is kept aside, and the log says why',
    async (_, write) => {
      await write();
      const { kit, holders, handOver } = await process();
      handOver.takeUp(holders);
      expect(kit.node.figures).toMatchObject({ sessions: 0, rooms: 0 });
      const [line] = lines.filter(({ level }) => level === 50);
      expect(line?.msg).toContain('put aside, and everything begins empty');
      expect(line).toMatchObject({ path, kept: `${path}.rejected`, reason: expect.any(String) });
      expect(existsSync(path)).toBe(false);
      expect(existsSync(`${path}.rejected`)).toBe(true);
    },
  );
});

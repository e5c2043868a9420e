import { describe, expect, it, onTestFinished } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { Tab } from '../../src/client/environment.ts';
import type { ConnectOptions, Room, SessionState } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { TabKeeper } from '../../src/client/tab-keeper.ts';
import { FakeGateway } from './fake-gateway.ts';
import { FakePage, FakeTabs } from './fake-page.ts';
import { next, silent, startTestGateway, type TestGateway } from './gateway-kit.ts';
import { TestWorld } from './session-kit.ts';

const RESUMED = { outcome: Welcome_Outcome.RESUMED };

describe('a reload', () => {
  it('goes on with the session and sends again what was on its way, under the same numbers', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tab = new FakeTabs().open();
    const before = await openPage(gateway.url, tab);
    const old = await gateway.next();
    await old.welcome();
    const joining = before.session.join('demo', { name: 'Ada' });
    await old.join('1.s1.1');
    const room = await joining;
    old.send({ seq: 1 }, { seq: 2 });
    room.send('chat', 'on its way').catch(() => {});
    const { frame: sent } = await old.next('message');
    before.page.hide(false);
    const { frame: leave } = await old.next('leave');
    room.send('chat', 'too late').catch(() => {});
    old.drop();

    const after = await openPage(gateway.url, tab);
    const connection = await gateway.next();
    const hello = await connection.welcome(RESUMED);
    expect(hello.resume).toMatchObject({ token: 's1.secret', attempt: 2, epoch: 'e1', receivedSeq: 2 });
    expect((await connection.next('message')).frame).toEqual({ ...sent, ack: 0 });
    expect((await connection.next('leave')).frame).toEqual({ ...leave, ack: 0 });
    await after.session.opened;
    const rejoining = after.session.join('demo', { name: 'Ada' });
    const { frame: join, value } = await connection.next('join');
    expect(join.seq).toBe(leave.seq + 1);
    expect(value.replaces).toBe('');
    connection.send({
      ack: join.seq,
      body: {
        case: 'joined',
        value: { room: 'demo', epoch: 'r1', rosterComplete: true, participant: { id: '1.s1.1' } },
      },
    });
    expect((await rejoining).restored).toBe(true);
    expect(old.frames.filter(({ body }) => body.case === 'message')).toHaveLength(1);
  });

  it('is seen by nobody as a leave, over the real gateway', async () => {
    const { gateway, bo, left, joined } = await withBo();
    const tab = new FakeTabs().open();
    const before = await openPage(gateway.url, tab, await asAda(gateway));
    const room = await join(before.session);
    const [id, self] = [before.session.id, room.self.id];
    await room.send('chat', 'before');
    reload(before);
    const after = await openPage(gateway.url, tab, await asAda(gateway));
    const again = await join(after.session);
    expect([after.session.id, again.self.id, again.restored]).toEqual([id, self, true]);
    expect(again.history.map(({ content }) => content)).toContain('before');
    const heard = next(bo, 'message');
    await again.send('chat', 'after');
    expect((await heard).sender).toBe(self);
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    expect([left, joined]).toEqual([[], [self]]);
  });

  it('leaves the rooms that the new page does not join, after the grace', async () => {
    const { gateway, left } = await withBo();
    const tab = new FakeTabs().open();
    const before = await openPage(gateway.url, tab, { ...(await asAda(gateway)), onPageHide: 'suspend' });
    const { self } = await join(before.session);
    reload(before);
    await openPage(gateway.url, tab, await asAda(gateway), 100);
    while (left.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(left).toEqual([self.id]);
  });

  it('that comes after the window opens a fresh session, which replaces the one before', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tab = new FakeTabs().open();
    const before = await openPage(gateway.url, tab);
    const old = await gateway.next();
    await old.welcome();
    const joining = before.session.join('demo');
    await old.join('1.s1.1');
    await joining;
    before.page.hide(false);
    const after = await openPage(gateway.url, tab, { join: { room: 'demo' } });
    const connection = await gateway.next();
    await connection.welcome({
      sessionId: 's2',
      resumeToken: 's2.secret',
      outcome: Welcome_Outcome.FRESH,
      reason: Reason.WINDOW_EXPIRED,
    });
    const join = await connection.next('join');
    expect(join.frame.seq).toBe(1);
    expect(join.value.replaces).toBe('1.s1.1');
    await after.session.opened;
    expect(connection.frames.filter(({ body }) => body.case === 'leave')).toEqual([]);
  });

  it('twice, before the rooms were joined again, is as good as one', async () => {
    const { gateway, left } = await withBo();
    const tab = new FakeTabs().open();
    const first = await openPage(gateway.url, tab, await asAda(gateway));
    const { self } = await join(first.session);
    reload(first);
    const second = await openPage(gateway.url, tab, await asAda(gateway));
    await second.session.opened;
    reload(second);
    const third = await openPage(gateway.url, tab, await asAda(gateway));
    const again = await join(third.session);
    expect([third.session.id, again.self.id, again.restored]).toEqual([first.session.id, self.id, true]);
    expect(left).toEqual([]);
  });

  it('reads nothing of what it does not understand', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tab = new FakeTabs().open();
    const left = JSON.stringify({ tab: 'x', kept: { session: 's1', frames: 7 } });
    tab.storage.setItem(`signalbox.tab.${gateway.url}`, left);
    await openPage(gateway.url, tab);
    expect((await (await gateway.next()).next('hello')).value.resume).toBeUndefined();
  });

  it('opens a new session where the page before could store nothing', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tab = new FakeTabs().open();
    tab.storage.setItem = () => {
      throw new Error('the quota is exceeded');
    };
    const before = await openPage(gateway.url, tab);
    await (await gateway.next()).welcome();
    await before.session.opened;
    before.page.hide(false);
    await openPage(gateway.url, tab);
    expect((await (await gateway.next()).next('hello')).value.resume).toBeUndefined();
  });
});

describe('a duplicated tab', () => {
  it('has a session and a device of its own, and the first one notices nothing', async () => {
    const { gateway, bo, left } = await withBo();
    const tabs = new FakeTabs();
    const tab = tabs.open();
    const first = await openPage(gateway.url, tab, await asAda(gateway));
    const room = await join(first.session);
    const second = await openPage(gateway.url, tabs.open(tab.storage), await asAda(gateway));
    const other = await join(second.session);
    expect(second.session.id).not.toBe(first.session.id);
    while (bo.participants.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const heard = next(other, 'message');
    await room.send('chat', 'both are here');
    expect((await heard).sender).toBe(room.self.id);
    expect([first.states, second.states, left]).toEqual([['connected'], ['connected'], []]);
  });

  it('of a page that is being reloaded leaves the session to one of the two', async () => {
    const { gateway, bo } = await withBo();
    const tabs = new FakeTabs();
    const tab = tabs.open();
    const before = await openPage(gateway.url, tab, await asAda(gateway));
    await join(before.session);
    const id = before.session.id;
    reload(before);
    const copy = tabs.open(tab.storage);
    const pages = await Promise.all(
      [tab, copy].map(async (each) => openPage(gateway.url, each, await asAda(gateway))),
    );
    const rooms = await Promise.all(pages.map(({ session }) => join(session)));
    expect(pages.filter(({ session }) => session.id === id)).toHaveLength(1);
    await Promise.all(rooms.map((room) => room.send('chat', 'here')));
    expect(bo.participants.size).toBe(2);
    expect(pages.map(({ states }) => states)).toEqual([['connected'], ['connected']]);
  });

  it('without locks takes the session or is told, and that is it', async () => {
    const gateway = await startTestGateway();
    const tabs = new FakeTabs(false);
    const tab = tabs.open();
    const before = await openPage(gateway.url, tab, await asAda(gateway));
    await join(before.session);
    const id = before.session.id;
    reload(before);
    const copy = tabs.open(tab.storage);
    const pages = await Promise.all(
      [tab, copy].map(async (each) => openPage(gateway.url, each, await asAda(gateway))),
    );
    const ended = () => pages.filter(({ session }) => session.state.status === 'closed');
    while (ended().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(ended().map(({ session }) => session.state)).toMatchObject([{ reason: 'replaced', next: 'stop' }]);
    const [winner] = pages.filter(({ session }) => session.state.status === 'connected');
    expect(winner?.session.id).toBe(id);
    expect(winner?.states).toEqual(['connected']);
  });
});

describe('a page in the bfcache', () => {
  it('comes back with its session', async () => {
    const { gateway, left } = await withBo();
    const { session, page, states } = await openPage(
      gateway.url,
      new FakeTabs().open(),
      await asAda(gateway),
    );
    const room = await join(session);
    const id = session.id;
    page.hide(true);
    page.document.dispatchEvent(new Event('freeze'));
    const late = room.send('chat', 'said while it was away');
    page.document.dispatchEvent(new Event('resume'));
    page.show(true);
    await late;
    expect([session.id, left]).toEqual([id, []]);
    expect(states).toEqual(['connected', 'suspended', 'reconnecting', 'connected']);
  });

  it('opens another session where the next page of the tab has gone on with its own', async () => {
    const { gateway } = await withBo();
    const tab = new FakeTabs().open();
    const first = await openPage(gateway.url, tab, await asAda(gateway));
    const room = await join(first.session);
    const [id, self] = [first.session.id, room.self.id];
    first.page.hide(true);
    const second = await openPage(gateway.url, tab, await asAda(gateway));
    await join(second.session);
    expect(second.session.id).toBe(id);
    second.page.hide(true);
    const rejoined = next(room, 'resync');
    first.page.show(true);
    expect(await rejoined).toMatchObject({ cause: 'rejoined', previousId: self });
    expect(first.session.id).not.toBe(id);
    second.page.show(true);
    await second.session.resume();
    expect([first.session.state.status, second.session.state.status]).toEqual(['connected', 'connected']);
  });

  it('is also what a frozen page is taken for', async () => {
    const { gateway, left } = await withBo();
    const { session, page } = await openPage(gateway.url, new FakeTabs().open(), await asAda(gateway));
    await join(session);
    const id = session.id;
    page.document.dispatchEvent(new Event('freeze'));
    expect(session.state.status).toBe('suspended');
    page.document.dispatchEvent(new Event('resume'));
    await session.resume();
    expect([session.id, left]).toEqual([id, []]);
  });

  it('is not woken by it when the application had put it to sleep', async () => {
    const { gateway } = await withBo();
    const { session, page } = await openPage(gateway.url, new FakeTabs().open(), await asAda(gateway));
    await session.suspend();
    page.hide(true);
    page.show(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(session.state.status).toBe('suspended');
  });
});

/** A page of a tab, with `keepSession: 'tab'`. */
async function openPage(
  url: string,
  tab: Tab,
  options: Partial<ConnectOptions> = {},
  speed = 1,
): Promise<{ readonly session: LiveSession; readonly page: FakePage; readonly states: string[] }> {
  const page = new FakePage();
  const { environment } = new TestWorld({ page, tab, deviceId: 'installation' }, speed);
  const past = await TabKeeper.take(environment, url);
  const all = { token: 'token', transport: 'websocket' as const, logger: silent, ...options };
  const session = new LiveSession(environment, [url], all, past);
  const states: SessionState['status'][] = [];
  session.on('state', ({ status }) => states.push(status));
  onTestFinished(() => session.close());
  return { session, page, states };
}

/** The page goes for good; what it still says is heard by nobody. */
function reload({ session, page }: { readonly session: LiveSession; readonly page: FakePage }): void {
  page.hide(false);
  // As the browser does with the sockets of a page that is gone; nothing else of it runs on.
  setTimeout(() => session.suspend().catch(() => {}), 50);
}

async function join(session: LiveSession): Promise<Room> {
  await session.opened;
  return session.join('demo', { name: 'Ada', history: 10 });
}

async function asAda(gateway: TestGateway): Promise<{ token: string }> {
  return { token: await gateway.token({ identity: 'ada' }) };
}

/** A gateway where Bo watches who comes and goes. */
async function withBo() {
  const gateway = await startTestGateway();
  const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
  const [left, joined]: [string[], string[]] = [[], []];
  bo.on('left', ({ id }) => left.push(id));
  bo.on('joined', ({ id }) => joined.push(id));
  return { gateway, bo, left, joined };
}

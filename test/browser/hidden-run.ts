import { join } from 'node:path';
import { pino } from 'pino';
import { systemEnvironment } from '../../src/client/environment.ts';
import type { Room, Session, TransportName } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { type RawConfig, resolveConfig } from '../../src/config.ts';
import { type Served, serve } from '../../src/serve.ts';
import { FaultProxy } from '../fault/fault-proxy.ts';
import { HiddenChromium, type Tab } from './hidden-chromium.ts';

const LANES: readonly TransportName[] = ['websocket', 'connect-web', 'grpc'];
const ROOM = 'hidden';
/** An answer, and the sight of a leave, may take this long. */
const LATE_MS = 5_000;

/** What to run. */
export interface HiddenOptions {
  /** How long the tabs stay hidden, in milliseconds. */
  readonly hiddenMs: number;
  /** How long clients are suspended, or gone without a word, meanwhile. */
  readonly suspendedMs: number;
  /** A message to everybody comes this often, and each answers it: seldom enough that between them only Pongs say who is there. */
  readonly callMs: number;
  readonly limits?: RawConfig['limits'];
  readonly executable: string;
  tell(line: string): void;
}

/** What came of it. `violations` says in words what should not have been. */
export interface HiddenReport {
  readonly violations: readonly string[];
  /** Longest time between two ticks of a timer of 100 ms in a hidden tab, in milliseconds. */
  readonly throttledMs: number;
  /** Messages that each lane answered, of how many. */
  readonly answered: Readonly<Record<string, number>>;
  readonly calls: number;
  /** From the cut of clients that asked for no hold, in milliseconds. */
  readonly awayAfterMs: readonly number[];
  readonly goneAfterMs: readonly number[];
}

/**
 * Side by side: two tabs that are not in front, over WebSocket and Connect-Web, and a client over gRPC, which all have to stay
 * ACTIVE; a client a lane that is suspended with a hold and comes back; and one a lane that is cut off without a word.
 */
export async function runHidden(options: HiddenOptions): Promise<HiddenReport> {
  const run = new HiddenRun(options);
  try {
    return await run.play();
  } finally {
    await run.close();
  }
}

class HiddenRun {
  readonly #options: HiddenOptions;
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #violations: string[] = [];
  /** When Bo saw what of whom: `<identity> <event>`. */
  readonly #seen = new Map<string, number>();
  readonly #answered = new Map<string, number>();
  #served: Served | undefined;
  #calls = 0;

  constructor(options: HiddenOptions) {
    this.#options = options;
  }

  async play(): Promise<HiddenReport> {
    const { hiddenMs, suspendedMs, callMs, limits, tell } = this.#options;
    this.#served = await serve({
      config: resolveConfig({ development: true, port: 0 }, { limits }),
      log: pino({ level: 'silent' }),
      version: 'hidden',
      webRoot: join(import.meta.dirname, '../../web/dist'),
    });
    const { served } = this.#parts;
    this.#closers.push(() => served.close());
    const bo = await this.#watch();
    const chromium = await HiddenChromium.start(this.#options.executable);
    this.#closers.push(() => chromium.close());
    const tabs = new Map<string, Tab>();
    for (const lane of LANES) {
      if (lane !== 'grpc') tabs.set(`tab-${lane}`, await this.#openTab(chromium, lane));
    }
    const native = await this.#client('native-grpc', 'grpc');
    this.#answerCalls(native.room);
    await chromium.open('about:blank');
    for (const [name, tab] of tabs) await this.#expectHidden(name, tab);
    const began = performance.now();
    tell(`${tabs.size} tabs are hidden`);

    const suspended = this.#suspended(suspendedMs);
    const cutOff = this.#cutOff(suspendedMs);
    while (performance.now() - began < hiddenMs) {
      this.#calls += 1;
      await bo.send('call', String(this.#calls));
      await pause(Math.min(callMs, Math.max(0, began + hiddenMs - performance.now())));
    }
    const cuts = await cutOff;
    await suspended;
    await pause(LATE_MS);
    const gaps: number[] = [];
    for (const [name, tab] of tabs) {
      await this.#expectHidden(name, tab);
      const [states, gap] = (await tab.evaluate(
        '[states.join(), Math.max(gap, performance.now() - last)]',
      )) as [string, number];
      this.#expect(`${name}'s session states`, states, 'connected');
      gaps.push(gap);
    }
    for (const name of [...tabs.keys(), 'native-grpc']) {
      this.#expectUnseen(name, ['away', 'left']);
      this.#expect(`calls that ${name} answered`, this.#answered.get(name) ?? 0, this.#calls);
    }
    return {
      violations: this.#violations,
      throttledMs: Math.max(...gaps),
      answered: Object.fromEntries(this.#answered),
      calls: this.#calls,
      ...cuts,
    };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }

  get #parts(): { readonly served: Served; readonly url: string } {
    if (this.#served === undefined) throw new Error('not started');
    return { served: this.#served, url: `http://localhost:${this.#served.gateway.port}` };
  }

  /** Bo, who sees who is ACTIVE, AWAY, or gone, and hears who answers. */
  async #watch(): Promise<Room> {
    const { room } = await this.#client('bo', 'grpc');
    const note = (identity: string, event: string) => {
      const key = `${identity} ${event}`;
      if (!this.#seen.has(key)) this.#seen.set(key, performance.now());
    };
    room.on('participantChanged', ({ identity, state }) => note(identity, state));
    room.on('left', ({ participant }) => note(participant.identity, 'left'));
    room.on('message', ({ type, identity }) => {
      if (type === 'answer') this.#answered.set(identity, (this.#answered.get(identity) ?? 0) + 1);
    });
    return room;
  }

  /** A tab whose page answers each call. */
  async #openTab(chromium: HiddenChromium, lane: TransportName): Promise<Tab> {
    const { url } = this.#parts;
    const token = await this.#token(`tab-${lane}`);
    const tab = await chromium.open(`${url}/healthz`);
    await tab.evaluate(`(async () => {
      const { connect } = await import('/sdk/signalbox.js');
      const session = await connect(location.origin, { token: ${JSON.stringify(token)}, transport: '${lane}' });
      window.states = [session.state.status];
      session.on('state', ({ status }) => states.push(status));
      const room = await session.join('${ROOM}');
      room.on('message', ({ type, content }) => { if (type === 'call') void room.send('answer', content); });
      window.gap = 0;
      window.last = performance.now();
      const tick = () => {
        gap = Math.max(gap, performance.now() - last);
        last = performance.now();
        setTimeout(tick, 100);
      };
      tick();
    })()`);
    return tab;
  }

  /** One client a lane asks to be kept, is away, and comes back as if nothing had been. */
  async #suspended(ms: number): Promise<void> {
    await Promise.all(
      LANES.map(async (lane) => {
        const name = `suspended-${lane}`;
        const { session, room } = await this.#client(name, lane);
        const { id } = session;
        let heard = 0;
        room.on('message', ({ type }) => {
          if (type === 'call') heard += 1;
        });
        await session.suspend(ms + 60_000);
        const before = this.#calls - heard;
        await pause(ms);
        await session.resume();
        const due = this.#calls;
        await pause(LATE_MS);
        this.#expect(`session of ${name}`, session.id, id);
        if (heard < due - before) this.#violations.push(`${name} heard ${heard} calls of ${due - before}`);
        this.#expectUnseen(name, ['away', 'left']);
      }),
    );
  }

  /** One client a lane vanishes: it is AWAY by its Pongs, and gone when its window ends. */
  async #cutOff(ms: number): Promise<Pick<HiddenReport, 'awayAfterMs' | 'goneAfterMs'>> {
    const { served } = this.#parts;
    const proxy = await FaultProxy.start(`http://127.0.0.1:${served.gateway.port}`);
    this.#closers.push(() => proxy.close());
    const names = await Promise.all(
      LANES.map(async (lane) => {
        const name = `cut-${lane}`;
        await this.#client(name, lane, proxy.url);
        return name;
      }),
    );
    proxy.door = 'hole';
    proxy.set({ hole: 'both' });
    const at = performance.now();
    await pause(ms);
    const after = (event: string) =>
      names.flatMap((name) => {
        const when = this.#seen.get(`${name} ${event}`);
        if (when === undefined) this.#violations.push(`${name} was not seen ${event} in ${ms} ms`);
        return when === undefined ? [] : [Math.round(when - at)];
      });
    return { awayAfterMs: after('away'), goneAfterMs: after('left') };
  }

  async #client(
    identity: string,
    transport: TransportName,
    url = this.#parts.url,
  ): Promise<{ readonly session: Session; readonly room: Room }> {
    const token = await this.#token(identity);
    const logger = { warn() {}, error() {} };
    const options = { token, transport, deviceId: identity, logger };
    const session = new LiveSession(systemEnvironment(), [url], options);
    this.#closers.push(() => session.close());
    await session.opened;
    return { session, room: await session.join(ROOM) };
  }

  #answerCalls(room: Room): void {
    room.on('message', ({ type, content }) => {
      if (type === 'call') void room.send('answer', content ?? '');
    });
  }

  async #token(identity: string): Promise<string> {
    const { developmentTokens } = this.#parts.served;
    if (developmentTokens === undefined) throw new Error('not in development');
    return developmentTokens.issue({ identity, create: true });
  }

  async #expectHidden(name: string, tab: Tab): Promise<void> {
    this.#expect(`visibility of ${name}`, await tab.evaluate('document.visibilityState'), 'hidden');
  }

  #expectUnseen(name: string, events: readonly string[]): void {
    for (const event of events) {
      if (this.#seen.has(`${name} ${event}`)) this.#violations.push(`${name} was seen ${event}`);
    }
  }

  #expect(what: string, found: unknown, wanted: unknown): void {
    if (found !== wanted) this.#violations.push(`${what}: ${found}, not ${wanted}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

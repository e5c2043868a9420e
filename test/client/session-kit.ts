import { onTestFinished } from 'vitest';
import { type Environment, systemEnvironment } from '../../src/client/environment.ts';
import type { ConnectOptions, TransportName } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { silent } from './gateway-kit.ts';

/** A world whose timers are counted and run `speed` times as fast; jitter is 0. */
export class TestWorld {
  /** Timers that run. */
  timers = 0;
  readonly environment: Environment;

  constructor(overrides: Partial<Environment> = {}, speed = 1) {
    const system = { ...systemEnvironment(), ...overrides };
    this.environment = {
      ...system,
      random: overrides.random ?? (() => 0),
      after: (ms, action) => {
        this.timers += 1;
        let running = true;
        const ended = () => {
          if (running) this.timers -= 1;
          running = false;
        };
        const stop = system.after(ms / speed, () => {
          ended();
          action();
        });
        return () => {
          ended();
          stop();
        };
      },
    };
  }
}

/** A session with a scripted gateway; closed when the test is finished, with no timer left. */
export function openSession(
  gateway: FakeGateway | readonly string[],
  options: Partial<ConnectOptions> & { readonly world?: TestWorld } = {},
): LiveSession {
  const { world = new TestWorld(), ...rest } = options;
  const transport: TransportName = 'websocket';
  const urls = 'url' in gateway ? [gateway.url] : gateway;
  const session = new LiveSession(world.environment, urls, {
    token: 'token',
    transport,
    logger: silent,
    ...rest,
  });
  onTestFinished(async () => {
    await session.close();
    if (world.timers !== 0) throw new Error(`${world.timers} timers left`);
  });
  return session;
}

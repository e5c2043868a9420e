import type { Eventually } from '../eventually.ts';
import type { SessionHost } from './session-host.ts';

/**
 * Has the engine do what nobody waits for. Where it fails, now or later, that is logged as `what`; `failed` tries again or ends
 * what cannot go on without it.
 */
export function inBackground(
  { log }: Pick<SessionHost, 'log'>,
  what: string,
  work: () => Eventually<unknown>,
  failed: () => void = () => {},
): void {
  const note = (error: unknown) => {
    log.error({ err: error }, what);
    failed();
  };
  try {
    const done = work();
    if (done instanceof Promise) done.catch(note);
  } catch (error) {
    note(error);
  }
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import type { ForeignClient, ForeignSessionEvents, JsonObject } from './foreign-client.ts';
import type {} from './page.ts';

/** Writes a page with connect-web, and nothing of this project but generated messages, into a folder. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  await writeFile(
    join(folder, 'page.html'),
    '<!doctype html><title>t</title><script type="module" src="page.js"></script>',
  );
}

/** connect-web in a page that is open already. */
export async function pageClient(
  page: Page,
  protocol: 'connect' | 'grpc-web',
  useBinaryFormat = true,
): Promise<ForeignClient> {
  const events = new Map<string, ForeignSessionEvents>();
  let sessions = 0;
  await page.exposeFunction(
    'tell',
    (line: { session: string; heard?: JsonObject; response?: string; ended?: string }) => {
      const session = events.get(line.session);
      if (line.heard !== undefined) {
        session?.heard({
          frame: line.heard,
          response: Buffer.from(line.response ?? '', 'base64'),
          isWire: false,
        });
      }
      if (line.ended !== undefined) session?.ended(line.ended);
    },
  );
  return {
    inHalves: true,
    async open(opening, listener) {
      sessions += 1;
      const session = String(sessions);
      events.set(session, listener);
      const asked = JSON.stringify({ ...opening, session, protocol, useBinaryFormat });
      await page.evaluate((it) => globalThis.openSession(it), asked);
      return {
        async say(frame) {
          const { bytes, failed } = await page.evaluate(
            ([name = '', it = '']) => globalThis.say(name, it),
            [session, JSON.stringify(frame)],
          );
          if (failed !== undefined) throw new Error(failed);
          return Buffer.from(bytes ?? '', 'base64');
        },
        hangUp: () => void page.evaluate((name) => globalThis.hangUp(name), session).catch(() => {}),
      };
    },
    close: () => page.close(),
  };
}

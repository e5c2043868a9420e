import { join } from 'node:path';
import { pino } from 'pino';
import { resolveConfig } from '../../../src/config.ts';
import { serve } from '../../../src/serve.ts';

/** The gateway in this process, with the SDK for pages. */
export async function startGateway() {
  const { gateway, close } = await serve({
    config: resolveConfig({ development: true, port: 0 }),
    log: pino({ level: 'silent' }),
    version: 'test',
    webRoot: join(import.meta.dirname, '../../../web/dist'),
  });
  return { url: `http://localhost:${gateway.port}`, close };
}

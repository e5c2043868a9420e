import { existsSync } from 'node:fs';
import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PAGE_HEADERS, SDK_HEADERS } from './page-headers.ts';
import { limitResponseTime } from './response-deadline.ts';

export interface PageOptions {
  /** Folder whose files are served under `/`, the SDK as `sdk/signalbox.js` among them; undefined serves none. */
  readonly webRoot: string | undefined;
  /** Whether `GET /healthz` says 200 (true) or 503. */
  readonly isServing: () => boolean;
  /** How long a caller may take to read a response, in milliseconds. */
  readonly responseMs: number;
  /** Further plain HTTP routes, e.g. the development token. They get the headers of pages. */
  readonly routes: ((app: FastifyInstance) => void) | undefined;
}

/** What browsers and probes ask for: pages, the SDK, `GET /healthz`. */
export async function registerPages(app: FastifyInstance, options: PageOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      limitResponseTime(request.raw, reply.raw, options.responseMs);
      reply.headers(PAGE_HEADERS);
      if (request.url.startsWith('/sdk/')) reply.headers(SDK_HEADERS);
    });
    await scope.register(compress, {
      encodings: ['br', 'gzip'],
      threshold: 1024,
      // The default of 11 costs seconds of CPU for a file that is sent once.
      brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } },
    });
    scope.get('/healthz', async (_request, reply) => {
      const serving = options.isServing();
      reply.code(serving ? 200 : 503).header('cache-control', 'no-store');
      return { status: serving ? 'SERVING' : 'NOT_SERVING' };
    });
    options.routes?.(scope);
    if (options.webRoot !== undefined && existsSync(options.webRoot)) {
      await scope.register(fastifyStatic, { root: options.webRoot, dotfiles: 'ignore', maxAge: 0 });
      // Browsers ask for it beside whatever names no icon, `/healthz` for one.
      scope.get('/favicon.ico', async (_request, reply) => reply.redirect('/icon.svg', 301));
    }
  });
}

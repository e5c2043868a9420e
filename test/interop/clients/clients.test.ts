import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { RawConfig } from '../../../src/config.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../../browser/chromium.ts';
import { type E2eGateway, startE2eGateway } from '../../helpers/e2e-gateway.ts';
import { needs } from '../../helpers/needs.ts';
import { buildPage, pageClient } from './chromium.ts';
import { connectNodeDuplex, connectNodeHalves } from './connect-node.ts';
import type { ForeignClient } from './foreign-client.ts';
import { grpcJsClient } from './grpc-js.ts';
import { play } from './play.ts';
import { hasPythonGrpc, pythonClient } from './python.ts';
import { scenario } from './scenario.ts';

/** Plays the scenario between two kinds of clients, and once more with the parts exchanged. */
async function playBothWays(gateway: E2eGateway, one: ForeignClient, other: ForeignClient): Promise<void> {
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    await play(
      {
        url: gateway.url,
        room: `room-${rooms++}`,
        clientOf: (who) => (who === 'ada' || who === 'eve' ? first : second),
        tokenOf: async (who, kind) => {
          if (kind === 'none') return '';
          const good = await gateway.token({ identity: who });
          return kind === 'good' ? good : `${good.slice(0, -8)}AAAAAAAA`;
        },
      },
      scenario,
    );
  }
}
let rooms = 0;

let gateway: E2eGateway;
let webRoot: string;
beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'signalbox-page-'));
  await buildPage(webRoot);
  gateway = await startE2eGateway({}, webRoot);
});
afterAll(async () => {
  await gateway.close();
  await rm(webRoot, { recursive: true });
});

async function withClients(clients: readonly ForeignClient[], run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

describe('clients that nobody here wrote pass the scenario with each other', () => {
  const pairs: readonly (readonly [string, () => ForeignClient, () => ForeignClient])[] = [
    ['grpc-js and itself', grpcJsClient, grpcJsClient],
    ['grpc-js and connect-node over gRPC', grpcJsClient, () => connectNodeDuplex('grpc')],
    [
      'connect-node over gRPC and over gRPC-Web',
      () => connectNodeDuplex('grpc'),
      () => connectNodeDuplex('grpc-web'),
    ],
    [
      'connect-node over Connect and over gRPC-Web, in JSON',
      () => connectNodeDuplex('connect', false),
      () => connectNodeDuplex('grpc-web', false),
    ],
    [
      'connect-node over gRPC-Web in two halves and grpc-js',
      () => connectNodeHalves('grpc-web', '1.1'),
      grpcJsClient,
    ],
    [
      'connect-node over Connect in two halves and on one stream',
      () => connectNodeHalves('connect', '2'),
      () => connectNodeDuplex('connect'),
    ],
    [
      'connect-node over Connect in two halves, in JSON, and over gRPC-Web on HTTP/2',
      () => connectNodeHalves('connect', '1.1', false),
      () => connectNodeHalves('grpc-web', '2'),
    ],
  ];

  test.for(pairs)('%s', async ([, one, other]) => {
    const clients = [one(), other()] as const;
    await withClients(clients, () => playBothWays(gateway, ...clients));
  });
});

if (needs('python3-grpcio', hasPythonGrpc())) {
  describe('python3-grpcio passes the scenario', () => {
    test.for<readonly [string, () => ForeignClient]>([
      ['grpc-js', grpcJsClient],
      ['connect-node over Connect in two halves', () => connectNodeHalves('connect', '1.1')],
    ])('with %s', async ([, other]) => {
      const clients = [await pythonClient(gateway.url), other()] as const;
      await withClients(clients, () => playBothWays(gateway, ...clients));
    });
  });
}

const executablePath = chromiumPath();
if (needs('chromium', executablePath !== undefined)) {
  describe('connect-web in Chromium passes the scenario', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? '', args: BROWSER_ARGUMENTS });
    });
    afterAll(() => browser.close());

    /** With a page of `origin` in it. */
    const pageOf = async (origin: string) => {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      await page.goto(`${origin}/page.html`);
      return page;
    };

    test('over Connect, from the gateway’s own page, with grpc-js', async () => {
      const clients = [await pageClient(await pageOf(gateway.url), 'connect'), grpcJsClient()] as const;
      await withClients(clients, () => playBothWays(gateway, ...clients));
    });

    test('over gRPC-Web and over Connect in JSON, from two pages', async () => {
      const clients = [
        await pageClient(await pageOf(gateway.url), 'grpc-web'),
        await pageClient(await pageOf(gateway.url), 'connect', false),
      ] as const;
      await withClients(clients, () => playBothWays(gateway, ...clients));
    });

    test.for(['connect', 'grpc-web'] as const)(
      'over %s, from a page of another origin that is allowed, with python or grpc-js',
      async (protocol) => {
        const site = await servePage(webRoot);
        const allowing = await startE2eGateway({ origins: [site.origin] });
        const other = hasPythonGrpc() ? await pythonClient(allowing.url) : grpcJsClient();
        const clients = [await pageClient(await pageOf(site.origin), protocol), other] as const;
        await withClients(clients, () => playBothWays(allowing, ...clients));
        await allowing.close();
        await site.close();
      },
    );

    test('over HTTP/2 with TLS, over Connect and over gRPC-Web', async () => {
      const config: RawConfig = { lan: true, host: '127.0.0.1' };
      const secure = await startE2eGateway(config, webRoot);
      const page = await pageOf(secure.url);
      const version = await page.evaluate(
        () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).nextHopProtocol,
      );
      if (version !== 'h2') throw new Error(`the page came over ${version}`);
      const clients = [
        await pageClient(page, 'connect'),
        await pageClient(await pageOf(secure.url), 'grpc-web'),
      ] as const;
      await withClients(clients, () => playBothWays(secure, ...clients));
      await secure.close();
    });

    test('not at all from an origin that is not allowed: the call fails, and opens no session', async ({
      expect,
    }) => {
      const site = await servePage(webRoot);
      const page = await pageOf(site.origin);
      const client = await pageClient(page, 'connect');
      const heard: unknown[] = [];
      const status = await new Promise<string>((resolve) => {
        void gateway
          .token({ identity: 'eve' })
          .then((token) =>
            client.open(
              { url: gateway.url, token, first: [] },
              { heard: (it) => heard.push(it), ended: resolve },
            ),
          );
      });
      expect(status).toBe('unknown');
      expect(heard).toEqual([]);
      await client.close();
      await site.close();
    });
  });
}

/** The page, from an origin of its own. */
async function servePage(folder: string): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const isScript = request.url === '/page.js';
    const body = await readFile(join(folder, isScript ? 'page.js' : 'page.html'));
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

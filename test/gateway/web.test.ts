import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway, rawPeer, recordingLog } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';
import { rooms } from './rooms.ts';

const GET_ROOM = '/signalbox.v1.RoomService/GetRoom';
const APP = 'https://app.example';
const origins = { allowed: [APP], setting: '--allow-origin' };
const json = { 'content-type': 'application/json' };

describe('browsers of other origins', () => {
  test('an allowed origin may call, and sees the fields that the protocols need', async () => {
    const { url } = await gateway({ routes: rooms, origins });
    const preflight = await fetch(url + GET_ROOM, {
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'POST, GET',
      'access-control-allow-headers':
        'authorization, content-type, connect-protocol-version, connect-timeout-ms, x-grpc-web, x-user-agent, grpc-timeout',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    const call = await fetch(url + GET_ROOM, {
      method: 'POST',
      headers: { ...json, origin: APP },
      body: '{"name":"a"}',
    });
    expect(await call.json()).toEqual({ room: { name: 'a' } });
    expect(call.headers.get('access-control-allow-origin')).toBe(APP);
    expect(call.headers.get('access-control-expose-headers')).toBe(
      'grpc-status, grpc-message, grpc-status-details-bin',
    );
    expect(call.headers.get('vary')).toBe('Origin');
  });

  test('a refusal of an allowed origin carries the fields too, so that the page can read it', async () => {
    const { url } = await gateway({ origins });
    for (const path of [GET_ROOM, '/signalbox.v1.RoomService/Nothing']) {
      const call = await fetch(url + path, { method: 'POST', headers: { ...json, origin: APP }, body: '{}' });
      expect(call.status).toBe(501);
      expect(call.headers.get('access-control-allow-origin')).toBe(APP);
    }
  });

  test.each([
    'https://evil.example',
    'https://app.example.evil',
    'http://app.example',
    'https://app.example:8443',
    'null',
  ])('origin %s is refused, and told so with the setting to change', async (origin) => {
    const { log, lines } = recordingLog();
    const { url } = await gateway({ routes: rooms, origins, log });
    const message = `origin ${origin} is not allowed; add it to --allow-origin on the gateway`;
    const preflight = await fetch(url + GET_ROOM, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false);
    const call = await fetch(url + GET_ROOM, {
      method: 'POST',
      headers: { ...json, origin },
      body: '{"name":"a"}',
    });
    expect(call.status).toBe(403);
    expect(await call.json()).toEqual({ code: 'permission_denied', message });
    const grpcWeb = await fetch(url + GET_ROOM, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto', origin },
    });
    expect(grpcWeb.headers.get('grpc-status')).toBe('7');
    const refusals = lines.filter((line) => line.origin === origin);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ level: 40, setting: '--allow-origin' });
  });

  test('a page of the gateway itself may call without being listed', async () => {
    const { url } = await gateway({ routes: rooms });
    const call = await fetch(url + GET_ROOM, {
      method: 'POST',
      headers: { ...json, origin: url },
      body: '{"name":"a"}',
    });
    expect(call.status).toBe(200);
  });
});

describe('WebSocket upgrades', () => {
  const upgrade = (port: number, path = '/ws', fields = ''): Promise<{ closed: Promise<string> }> =>
    rawPeer(
      port,
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`,
    );

  test('arrive at the handler with the head and the trusted address', async () => {
    const seen: unknown[] = [];
    const { port } = await gateway({
      trustedProxies: ['127.0.0.1'],
      webSocket: (request, socket, head, { address }) => {
        seen.push(request.url, head.toString(), address);
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      },
    });
    const peer = await rawPeer(
      port,
      `GET /ws?v=1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst bytes`,
    );
    peer.socket.on('end', () => peer.socket.end());
    expect(await peer.closed).toContain('101');
    expect(seen).toEqual(['/ws?v=1', 'first bytes', '192.0.2.9']);
  });

  test('elsewhere, or where no lane takes them, are 404 and the connection ends', async () => {
    const { port } = await gateway({ webSocket: () => {} });
    expect(await (await upgrade(port, '/elsewhere')).closed).toMatch(/^HTTP\/1\.1 404 [\s\S]*served at \/ws/);
    const none = await gateway();
    expect(await (await upgrade(none.port)).closed).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('from an origin that is not allowed are refused', async () => {
    const taken: string[] = [];
    const { port } = await gateway({
      origins,
      webSocket: (request, socket) => {
        taken.push(request.headers.origin ?? '');
        socket.destroy();
      },
    });
    const refused = await (await upgrade(port, '/ws', 'Origin: https://evil.example\r\n')).closed;
    expect(refused).toMatch(/^HTTP\/1\.1 403 [\s\S]*add it to --allow-origin/);
    await (await upgrade(port, '/ws', `Origin: ${APP}\r\n`)).closed;
    await (await upgrade(port, '/ws', `Origin: http://127.0.0.1:${port}\r\n`)).closed;
    expect(taken).toEqual([APP, `http://127.0.0.1:${port}`]);
  });

  test('a plain GET of the path is told to upgrade', async () => {
    const { url } = await gateway({ webSocket: () => {} });
    expect((await fetch(`${url}/ws`)).status).toBe(426);
    expect((await http2Request(http2Session(url), { ':path': '/ws' })).status).toBe(426);
  });

  test('another protocol than WebSocket is not upgraded to: the request is answered over HTTP/1.1', async () => {
    const { port } = await gateway();
    const peer = await rawPeer(
      port,
      'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    );
    expect(await peer.closed).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('pages', () => {
  let webRoot = '';
  beforeAll(async () => {
    webRoot = await mkdtemp(join(tmpdir(), 'signalbox-web-'));
    await mkdir(join(webRoot, 'sdk'));
    await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Signalbox</title>');
    await writeFile(
      join(webRoot, 'sdk', 'signalbox.js'),
      `export const text = '${'signal '.repeat(1_000)}';`,
    );
    await writeFile(join(webRoot, '.secret'), 'secret');
  });
  afterAll(() => rm(webRoot, { recursive: true }));

  test('come with a strict policy', async () => {
    const { url } = await gateway({ webRoot });
    for (const path of ['/', '/index.html']) {
      const page = await fetch(url + path);
      expect(await page.text()).toContain('<title>Signalbox</title>');
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(page.headers.get('permissions-policy')).toContain('camera=(self)');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  test('come over HTTP/2 and HTTP/1.1, compressed where the browser takes it', async () => {
    const { url } = await gateway({ webRoot });
    const text = await (await fetch(`${url}/sdk/signalbox.js`)).text();
    const h2 = await http2Request(http2Session(url), {
      ':path': '/sdk/signalbox.js',
      'accept-encoding': 'gzip',
    });
    expect(h2.headers['content-encoding']).toBe('gzip');
    expect(h2.body.length).toBeLessThan(text.length / 10);
    const br = await fetch(`${url}/sdk/signalbox.js`, { headers: { 'accept-encoding': 'br' } });
    expect(br.headers.get('content-encoding')).toBe('br');
    expect(await br.text()).toBe(text);
  });

  test('the SDK can be loaded by pages of any origin', async () => {
    const { url } = await gateway({ webRoot });
    const sdk = await fetch(`${url}/sdk/signalbox.js`, { headers: { origin: 'https://anywhere.example' } });
    expect(sdk.headers.get('content-type')).toContain('javascript');
    expect(sdk.headers.get('access-control-allow-origin')).toBe('*');
    expect(sdk.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });

  test.each(['/.secret', '/../package.json', '/%2e%2e/package.json', '/sdk/', '/missing.js'])(
    '%s is not served',
    async (path) => {
      const { port } = await gateway({ webRoot });
      const peer = await rawPeer(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(await peer.closed).toMatch(/^HTTP\/1\.1 40[34] /);
    },
  );

  test('a browser that asks for an icon of its own accord gets that of the page', async () => {
    const { url } = await gateway({ webRoot });
    const icon = await fetch(`${url}/favicon.ico`, { redirect: 'manual' });
    expect([icon.status, icon.headers.get('location')]).toEqual([301, '/icon.svg']);
  });

  test('further plain routes are served with the same headers', async () => {
    const { url } = await gateway({ pages: (app) => app.get('/dev/token', async () => 'a token') });
    const answer = await fetch(`${url}/dev/token`);
    expect(await answer.text()).toBe('a token');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('/healthz says whether the gateway serves', async () => {
    let serving = true;
    const { url } = await gateway({ isServing: () => serving });
    const up = await fetch(`${url}/healthz`);
    expect([up.status, await up.json()]).toEqual([200, { status: 'SERVING' }]);
    serving = false;
    const down = await fetch(`${url}/healthz`);
    expect([down.status, await down.json()]).toEqual([503, { status: 'NOT_SERVING' }]);
  });
});

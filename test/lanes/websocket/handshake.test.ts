import { afterEach, beforeEach, expect, test } from 'vitest';
import { LaneServer, RawClient, upgradeRequest } from './lane-server.ts';
import { waitUntil } from './wait-until.ts';

let server: LaneServer;

beforeEach(async () => {
  server = await LaneServer.start();
});
afterEach(() => server.close());

async function answerTo(text: string): Promise<string> {
  const client = await RawClient.send(server.port, text);
  await waitUntil(() => client.received.includes('\r\n\r\n'), 'an answer');
  if (!client.received.toString().startsWith('HTTP/1.1 101')) {
    await waitUntil(() => client.ended, 'the end of a refusal');
  }
  client.socket.destroy();
  return client.received.toString();
}

test('the example key of RFC 6455 gets the accept value of RFC 6455', async () => {
  const answer = await answerTo(upgradeRequest());
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer).toContain('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
});

const refusals: readonly [string, string, number, RegExp][] = [
  ['POST', upgradeRequest({ 'content-length': '0' }, 'POST /ws HTTP/1.1'), 405, /GET/],
  ['version 8', upgradeRequest({ 'sec-websocket-version': '8' }), 426, /must be 13/],
  ['no version', upgradeRequest({ 'sec-websocket-version': undefined }), 426, /must be 13/],
  ['another upgrade', upgradeRequest({ upgrade: 'h2c' }), 426, /Upgrade: websocket/],
  ['no key', upgradeRequest({ 'sec-websocket-key': undefined }), 400, /Sec-WebSocket-Key/],
  ['a short key', upgradeRequest({ 'sec-websocket-key': 'c2hvcnQ=' }), 400, /Sec-WebSocket-Key/],
  [
    'a key that is not base64',
    upgradeRequest({ 'sec-websocket-key': '!GhlIHNhbXBsZSBub25jZQ==' }),
    400,
    /Sec-WebSocket-Key/,
  ],
  [
    'no subprotocol',
    upgradeRequest({ 'sec-websocket-protocol': undefined }),
    400,
    /signalbox\.v1\.proto or signalbox\.v1\.json/,
  ],
  [
    'unknown subprotocols',
    upgradeRequest({ 'sec-websocket-protocol': 'mqtt, chat' }),
    400,
    /signalbox\.v1\.proto/,
  ],
  [
    'only a bearer entry',
    upgradeRequest({ 'sec-websocket-protocol': 'signalbox.bearer.t' }),
    400,
    /signalbox\.v1\.proto/,
  ],
  [
    'a subprotocol twice',
    upgradeRequest({ 'sec-websocket-protocol': 'signalbox.v1.proto, signalbox.v1.proto' }),
    400,
    /different tokens/,
  ],
  [
    'an empty subprotocol',
    upgradeRequest({ 'sec-websocket-protocol': 'signalbox.v1.proto,,x' }),
    400,
    /tokens/,
  ],
  ['a subprotocol that is no token', upgradeRequest({ 'sec-websocket-protocol': 'a b' }), 400, /tokens/],
];

test.each(refusals)('%s is refused with a readable body', async (_what, text, status, body) => {
  const answer = await answerTo(text);
  const [head = '', said = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toContain(`content-length: ${said.length}`);
  expect(head).toContain('connection: close');
  expect(said).toMatch(body);
  expect(server.seen).toHaveLength(0);
});

test('a version that is not spoken is answered with the one that is', async () => {
  expect(await answerTo(upgradeRequest({ 'sec-websocket-version': '12' }))).toContain(
    'sec-websocket-version: 13\r\n',
  );
});

test('the first offered subprotocol that is known is selected', async () => {
  const offer = 'mqtt, signalbox.v1.json, signalbox.v1.proto';
  const answer = await answerTo(upgradeRequest({ 'sec-websocket-protocol': offer }));
  expect(answer).toContain('sec-websocket-protocol: signalbox.v1.json\r\n');
});

test('no extension is ever negotiated', async () => {
  const answer = await answerTo(upgradeRequest({ 'sec-websocket-extensions': 'permessage-deflate' }));
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer.toLowerCase()).not.toContain('sec-websocket-extensions');
});

test('header names, the upgrade token and the connection list are read without regard to case', async () => {
  const answer = await answerTo(upgradeRequest({ connection: 'keep-alive, UPGRADE', upgrade: 'WebSocket' }));
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
});

test('a bearer subprotocol entry is the token, and is never selected', async () => {
  const offer = 'signalbox.bearer.abc.def-_, signalbox.v1.proto';
  const answer = await answerTo(upgradeRequest({ 'sec-websocket-protocol': offer, 'user-agent': 'test/1' }));
  expect(answer).toContain('sec-websocket-protocol: signalbox.v1.proto\r\n');
  const { peer } = (await server.lane()).lane;
  expect(peer).toEqual({ address: '127.0.0.1', userAgent: 'test/1', bearerToken: 'abc.def-_' });
});

test('the authorization header wins over a bearer entry; other schemes are no token', async () => {
  const both = { 'sec-websocket-protocol': 'signalbox.v1.proto, signalbox.bearer.entry' };
  await answerTo(upgradeRequest({ ...both, authorization: 'bearer header' }));
  expect((await server.lane(0)).lane.peer.bearerToken).toBe('header');
  await answerTo(upgradeRequest({ authorization: 'Basic aGk6aGk=' }));
  expect((await server.lane(1)).lane.peer.bearerToken).toBe('');
});

test('a socket that is gone before the answer is left alone', async () => {
  const client = await RawClient.send(server.port, upgradeRequest());
  client.socket.resetAndDestroy();
  await waitUntil(() => server.sockets.size === 0, 'the socket is gone');
  expect(server.timers).toBe(0);
});

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eGateway, startE2eGateway } from '../../helpers/e2e-gateway.ts';
import { openLane } from '../../helpers/lane-clients.ts';
import { needs } from '../../helpers/needs.ts';

const run = promisify(execFile);

if (needs('curl', spawnSync('curl', ['--version']).status === 0)) {
  describe.each([
    ['HTTP/1.1', '--http1.1'],
    ['HTTP/2', '--http2-prior-knowledge'],
  ] as const)('plain curl over %s', curlSuite);
}

function curlSuite(version: string, flag: string): void {
  let gateway: E2eGateway;
  let admin: string;
  beforeAll(async () => {
    const iceServers = [{ auth: 'none', urls: ['stun:stun.example.org:3478'] }];
    gateway = await startE2eGateway({ iceServers });
    admin = await gateway.token({ identity: 'backend', admin: true });
  });
  afterAll(() => gateway.close());

  /** What curl prints, and the HTTP status. */
  async function curl(
    path: string,
    ...args: readonly string[]
  ): Promise<{ status: number; http: string; body: Record<string, unknown> }> {
    const { stdout } = await run('curl', [
      '-sS',
      flag,
      '-m',
      '10',
      '-w',
      '\n%{http_code} %{http_version}',
      ...args,
      `${gateway.url}${path}`,
    ]);
    const [said = '', tail = ''] = [
      stdout.slice(0, stdout.lastIndexOf('\n')),
      stdout.slice(stdout.lastIndexOf('\n') + 1),
    ];
    const [status = '', http = ''] = tail.split(' ');
    return { status: Number(status), http, body: JSON.parse(said || '{}') as Record<string, unknown> };
  }
  const post = (path: string, message: unknown, token = admin) =>
    curl(
      path,
      '-H',
      'content-type: application/json',
      '-H',
      `authorization: Bearer ${token}`,
      '-d',
      JSON.stringify(message),
    );
  /** Connect's GET, for rpcs without side effects. */
  const get = (path: string, message: unknown, token = admin) =>
    curl(
      `${path}?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(message))}`,
      '-H',
      `authorization: Bearer ${token}`,
    );
  const rooms = '/signalbox.v1.RoomService';

  test('creates, changes, reads, lists and deletes a room', async () => {
    const settings = { topology: 'TOPOLOGY_HUB', maxParticipants: 5 };
    const created = await post(`${rooms}/CreateRoom`, { name: 'demo', settings });
    expect(created).toMatchObject({ status: 200, body: { created: true, room: { name: 'demo' } } });
    expect(created.http).toBe(version === 'HTTP/2' ? '2' : '1.1');
    expect(await post(`${rooms}/CreateRoom`, { name: 'demo' })).toMatchObject({ status: 200 });
    const updated = await post(`${rooms}/UpdateRoom`, {
      name: 'demo',
      settings: { maxParticipants: 7 },
      updateMask: 'maxParticipants',
    });
    expect(updated).toMatchObject({
      status: 200,
      body: { room: { settings: { maxParticipants: 7, topology: 'TOPOLOGY_HUB' } } },
    });
    for (const read of [get, post]) {
      expect(await read(`${rooms}/GetRoom`, { name: 'demo' })).toMatchObject({
        status: 200,
        body: { room: { name: 'demo' } },
      });
      expect(await read(`${rooms}/ListRooms`, {})).toMatchObject({
        status: 200,
        body: { rooms: [{ name: 'demo' }] },
      });
      expect(await read(`${rooms}/ListParticipants`, { room: 'demo' })).toMatchObject({ status: 200 });
    }
    expect(await post(`${rooms}/DeleteRoom`, { name: 'demo' })).toMatchObject({ status: 200 });
    expect(await get(`${rooms}/GetRoom`, { name: 'demo' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  test('sees who is in a room, speaks to them and removes one', async () => {
    const ada = await openLane('grpc', { url: gateway.url, token: await gateway.token({ identity: 'ada' }) });
    await ada.until('welcome');
    const { participant } = await ada.join('lesson');
    const listed = await get(`${rooms}/ListParticipants`, { room: 'lesson' });
    expect(listed.body).toMatchObject({ participants: [{ identity: 'ada', id: participant?.id }] });
    const message = { room: 'lesson', messageType: 'notice', text: 'Five minutes left' };
    expect(await post(`${rooms}/PublishMessage`, { message, requestId: 'once' })).toMatchObject({
      status: 200,
    });
    expect(await ada.until('message')).toMatchObject({
      messageType: 'notice',
      content: { value: 'Five minutes left' },
    });
    const removal = { room: 'lesson', participant: participant?.id };
    expect(await post(`${rooms}/RemoveParticipant`, removal)).toMatchObject({ status: 200 });
    expect(await ada.until('left')).toMatchObject({ room: 'lesson' });
    ada.transport.drop();
  });

  test('makes a token that opens a session, and revokes it', async () => {
    const { body } = await post('/signalbox.v1.TokenService/CreateToken', {
      identity: 'grace',
      room: 'lesson',
    });
    const client = await openLane('ws-proto', { url: gateway.url, token: String(body['token']) });
    await client.until('welcome');
    const revoked = await post('/signalbox.v1.TokenService/RevokeTokens', { identity: 'grace' });
    expect(revoked.body).toMatchObject({ sessionsClosed: 1 });
    await client.until('closed');
  });

  test('reads the ICE servers with the token of a participant', async () => {
    const token = await gateway.token({ identity: 'ada' });
    for (const read of [get, post]) {
      expect(await read('/signalbox.v1.IceService/ListIceServers', {}, token)).toMatchObject({
        status: 200,
        body: { iceServers: [{ urls: ['stun:stun.example.org:3478'] }] },
      });
    }
  });

  test('asks for the health, by HTTP and by gRPC’s service in JSON, without a token', async () => {
    expect(await curl('/healthz')).toMatchObject({ status: 200, body: { status: 'SERVING' } });
    const health = await curl(
      '/grpc.health.v1.Health/Check',
      '-H',
      'content-type: application/json',
      '-d',
      '{}',
    );
    expect(health).toMatchObject({ status: 200, body: { status: 'SERVING' } });
  });

  test('is told what is wrong, in JSON, with the status of HTTP that belongs to it', async () => {
    const json = ['-H', 'content-type: application/json', '-d'] as const;
    expect(await curl(`${rooms}/ListRooms`, ...json, '{}')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    const token = await gateway.token({ identity: 'ada' });
    expect(await post(`${rooms}/ListRooms`, {}, token)).toMatchObject({
      status: 403,
      body: { code: 'permission_denied' },
    });
    const bearer = ['-H', `authorization: Bearer ${admin}`] as const;
    expect(await curl(`${rooms}/ListRooms`, ...bearer, ...json, '{"pageSize":"x"}')).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument' },
    });
    expect(await post(`${rooms}/CreateRoom`, { name: 'a\nb' })).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_argument',
        details: [{ debug: { reason: 'REASON_MALFORMED', fieldPath: 'name' } }],
      },
    });
    expect(await curl(`${rooms}/CreateRooms`, ...bearer, ...json, '{}')).toMatchObject({
      status: 501,
      body: { code: 'unimplemented' },
    });
    // Only what has no side effects may be asked for by GET.
    expect((await get(`${rooms}/CreateRoom`, { name: 'demo' })).status).toBe(405);
    expect(
      (await curl(`${rooms}/ListRooms`, ...bearer, '-H', 'content-type: text/plain', '-d', '{}')).status,
    ).toBe(415);
  });
}

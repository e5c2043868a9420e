import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { lanAddresses } from '../../src/gateway/lan-addresses.ts';
import { selfSignedTls } from '../../src/gateway/self-signed.ts';
import type { TlsSource } from '../../src/gateway/tls.ts';
import { authority, issue, type Pem } from './certificates.ts';
import { delay, elapsed, gateway, rawPeer, recordingLog } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';
import { rooms } from './rooms.ts';

let ca: Pem;
let server: Pem;
let folder = '';
beforeAll(async () => {
  ca = await authority();
  server = await issue(ca, 'gateway');
  folder = await mkdtemp(join(tmpdir(), 'signalbox-tls-'));
});
afterAll(() => rm(folder, { recursive: true }));

function handshake(
  port: number,
  options: { ALPNProtocols?: string[]; ca?: string } = {},
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: ca.cert, ...options }, () => resolve(socket));
    socket.on('error', reject);
  });
}

async function servedName(port: number): Promise<string> {
  const socket = await handshake(port);
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

describe('one port over TLS', () => {
  test('serves HTTP/2 and HTTP/1.1, as ALPN decides', async () => {
    const { port } = await gateway({ tls: { kind: 'texts', ...server }, routes: rooms });
    const baseUrl = `https://localhost:${port}`;
    const nodeOptions = { ca: ca.cert };
    for (const transport of [
      createGrpcTransport({ baseUrl, nodeOptions }),
      createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions }),
      createConnectTransport({ baseUrl, httpVersion: '1.1', nodeOptions }),
    ]) {
      await expect(createClient(RoomService, transport).getRoom({ name: 'a' })).resolves.toMatchObject({
        room: { name: 'a' },
      });
    }
    const both = await handshake(port, { ALPNProtocols: ['http/1.1', 'h2'] });
    expect(both.alpnProtocol).toBe('h2');
    both.destroy();
  });

  test('serves a client without ALPN over HTTP/1.1', async () => {
    const { port } = await gateway({ tls: { kind: 'texts', ...server } });
    const socket = await handshake(port);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('upgrades to WebSocket', async () => {
    const { port } = await gateway({
      tls: { kind: 'texts', ...server },
      webSocket: (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    });
    const socket = await handshake(port, { ALPNProtocols: ['http/1.1'] });
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toContain('101');
  });

  test('ends a peer that does not finish its handshake, and one that is silent after it', async () => {
    const limits = { tlsHandshakeMs: 200, headersMs: 200, checkMs: 50 };
    const { port } = await gateway({ tls: { kind: 'texts', ...server }, limits });
    const half = await rawPeer(port, Uint8Array.of(0x16, 3, 1));
    expect(await elapsed(half.closed)).toBeLessThan(1_700);
    const silent = await handshake(port, { ALPNProtocols: ['http/1.1'] });
    silent.resume();
    expect(await elapsed(new Promise((resolve) => silent.once('close', resolve)))).toBeLessThan(1_700);
  });

  test('does not start with a key that does not fit its certificate', async () => {
    const other = await issue(ca, 'other');
    await expect(gateway({ tls: { kind: 'texts', cert: server.cert, key: other.key } })).rejects.toThrow();
  });
});

describe('certificate files', () => {
  async function files(): Promise<{ tls: TlsSource & { kind: 'files' }; write(pem: Pem): Promise<void> }> {
    const certFile = join(await mkdtemp(join(folder, 'files-')), 'tls.crt');
    const keyFile = certFile.replace('.crt', '.key');
    const write = async ({ cert, key }: Pem): Promise<void> => {
      await writeFile(`${certFile}.new`, cert);
      await writeFile(`${keyFile}.new`, key);
      await rename(`${certFile}.new`, certFile);
      await rename(`${keyFile}.new`, keyFile);
    };
    await write(server);
    return { tls: { kind: 'files', certFile, keyFile, reloadMs: 20 }, write };
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if (await condition()) return;
      await delay(20);
    }
    throw new Error('the condition did not come true');
  }

  test('are read again when they are replaced, and open connections go on', async () => {
    const { tls, write } = await files();
    const { port } = await gateway({ tls, routes: rooms });
    const session = http2Session(`https://localhost:${port}`, { ca: ca.cert });
    expect((await http2Request(session, { ':path': '/healthz' })).status).toBe(200);
    expect(await servedName(port)).toBe('gateway');
    await write(await issue(ca, 'renewed'));
    await until(async () => (await servedName(port)) === 'renewed');
    expect((await http2Request(session, { ':path': '/healthz' })).status).toBe(200);
  });

  test('are read again when a link above them moves, as Kubernetes does', async () => {
    const home = await mkdtemp(join(folder, 'secret-'));
    const version = async (name: string, { cert, key }: Pem): Promise<void> => {
      await mkdir(join(home, name));
      await writeFile(join(home, name, 'tls.crt'), cert);
      await writeFile(join(home, name, 'tls.key'), key);
      await symlink(name, join(home, '..data_tmp'));
      await rename(join(home, '..data_tmp'), join(home, '..data'));
    };
    await version('..1', server);
    await symlink('..data/tls.crt', join(home, 'tls.crt'));
    await symlink('..data/tls.key', join(home, 'tls.key'));
    const { port } = await gateway({
      tls: { kind: 'files', certFile: join(home, 'tls.crt'), keyFile: join(home, 'tls.key'), reloadMs: 20 },
    });
    await version('..2', await issue(ca, 'renewed'));
    await until(async () => (await servedName(port)) === 'renewed');
  });

  test('that cannot be used leave the old certificate in force, with one line in the log', async () => {
    const { tls, write } = await files();
    const { log, lines } = recordingLog();
    const { port } = await gateway({ tls, log });
    const renewed = await issue(ca, 'renewed');
    await writeFile(tls.certFile, renewed.cert);
    await delay(200);
    expect(await servedName(port)).toBe('gateway');
    expect(lines.filter((line) => String(line.msg).includes('the certificate in use stays'))).toHaveLength(1);
    await write(renewed);
    await until(async () => (await servedName(port)) === 'renewed');
  });
});

describe('client certificates', () => {
  const start = async () => {
    const clientCa = await authority('Backends');
    const { log, lines } = recordingLog();
    const { port } = await gateway({
      tls: { kind: 'texts', ...server, clientCa: clientCa.cert },
      routes: rooms,
      log,
    });
    const ask = async (
      nodeOptions: { cert?: string; key?: string },
      httpVersion: '1.1' | '2' = '2',
      name = 'certificate',
    ) => {
      const transport = createConnectTransport({
        baseUrl: `https://localhost:${port}`,
        httpVersion,
        nodeOptions: { ca: ca.cert, ...nodeOptions },
      });
      return (await createClient(RoomService, transport).getRoom({ name })).room?.name;
    };
    return { clientCa, lines, ask };
  };

  test('that verify give the handler their identity', async () => {
    const { clientCa, ask } = await start();
    const billing = await issue(clientCa, 'billing');
    expect(await ask(billing)).toBe('billing');
    expect(await ask(billing, '1.1')).toBe('billing');
  });

  test('cannot smuggle in a name by a comma inside another', async () => {
    // Node joins the names by commas and quotes those that have one: splitting alone would find `DNS:admin` here.
    const { clientCa, ask } = await start();
    const sly = 'urn:a, DNS:admin, urn:b';
    const names = await ask(await issue(clientCa, 'sly', sly), '2', 'names');
    expect(names?.split('\n')).toEqual(['DNS:localhost', 'IP Address:127.0.0.1', `URI:${sly}`]);
  });

  test('are not required', async () => {
    const { ask } = await start();
    expect(await ask({})).toBe('nobody');
  });

  test('of another authority give no identity, and the log says why', async () => {
    const { ask, lines } = await start();
    expect(await ask(await issue(ca, 'billing'))).toBe('nobody');
    expect(lines.some((line) => line.msg === 'client certificate not accepted')).toBe(true);
  });
});

describe('the self-signed certificate', () => {
  test('is valid for localhost and every address it was made for', async () => {
    const tls = await selfSignedTls(['192.0.2.7', '2001:db8::7', 'camera.local'], new Date());
    const { port } = await gateway({ tls });
    const names = await new Promise<string | undefined>((resolve, reject) => {
      const call = request({ port, host: 'localhost', path: '/healthz', ca: tls.cert }, (answer) => {
        answer.resume();
        resolve((answer.socket as TLSSocket).getPeerCertificate().subjectaltname);
      });
      call.on('error', reject);
      call.end();
    });
    for (const name of [
      'DNS:localhost',
      'IP Address:127.0.0.1',
      'IP Address:192.0.2.7',
      'IP Address:2001:DB8:0:0:0:0:0:7',
      'DNS:camera.local',
    ]) {
      expect(names?.split(', ')).toContain(name);
    }
  });

  test('is made for the addresses that others can reach', () => {
    const info = (address: string, internal = false) => ({
      address,
      internal,
      family: address.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
      netmask: '',
      mac: '',
      cidr: null,
      scopeid: 0,
    });
    const addresses = lanAddresses({
      lo: [info('127.0.0.1', true), info('::1', true)],
      eth0: [info('fe80::1'), info('2001:db8::7'), info('192.0.2.7')],
      eth1: [info('169.254.3.4'), info('198.51.100.2')],
    } as never);
    expect(addresses).toEqual(['192.0.2.7', '198.51.100.2', '2001:db8::7']);
  });
});

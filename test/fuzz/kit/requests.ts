import type { Field } from './hpack.ts';

/** Requests that the gateway answers: what headers are made from. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  readonly body: Uint8Array;
}

const SERVICE = '/signalbox.v1.SignalingService/';
const ROOMS = '/signalbox.v1.RoomService/';

/** An envelope around nothing: a frame that says nothing. */
const emptyEnvelope = Uint8Array.of(0, 0, 0, 0, 2, 10, 0);

function post(path: string, type: string, body: Uint8Array | string, ...more: readonly Field[]): Request {
  return {
    method: 'POST',
    path,
    fields: [['content-type', type], ...more],
    body: Buffer.from(body as string),
  };
}

export const requests: readonly Request[] = [
  { method: 'GET', path: '/healthz', fields: [['accept', '*/*']], body: new Uint8Array(0) },
  { method: 'HEAD', path: '/healthz', fields: [], body: new Uint8Array(0) },
  { method: 'GET', path: '/', fields: [['accept', 'text/html']], body: new Uint8Array(0) },
  post(`${ROOMS}GetRoom`, 'application/json', '{"name":"fuzzed"}'),
  post(`${ROOMS}ListRooms`, 'application/proto', '', ['connect-protocol-version', '1']),
  post(`${ROOMS}CreateRoom`, 'application/json', '{"name":"fuzzed"}', ['connect-timeout-ms', '1000']),
  post(`${ROOMS}GetRoom`, 'application/grpc+proto', Uint8Array.of(0, 0, 0, 0, 0), ['te', 'trailers']),
  post(`${ROOMS}GetRoom`, 'application/grpc-web+proto', Uint8Array.of(0, 0, 0, 0, 0), ['x-grpc-web', '1']),
  post('/grpc.health.v1.Health/Check', 'application/grpc', Uint8Array.of(0, 0, 0, 0, 0), ['te', 'trailers']),
  post(
    `${SERVICE}Connect`,
    'application/grpc+proto',
    emptyEnvelope,
    ['te', 'trailers'],
    ['grpc-timeout', '5S'],
  ),
  post(`${SERVICE}Connect`, 'application/connect+json', Uint8Array.of(0, 0, 0, 0, 2, 123, 125)),
  post(`${SERVICE}ReceiveFrames`, 'application/grpc-web+proto', emptyEnvelope, ['grpc-encoding', 'gzip']),
  post(`${SERVICE}ReceiveFrames`, 'application/connect+proto', emptyEnvelope, [
    'connect-accept-encoding',
    'gzip',
  ]),
  post(`${SERVICE}SendFrames`, 'application/proto', Uint8Array.of(10, 1, 120), ['connect-timeout-ms', '500']),
  post(`${SERVICE}SendFrames`, 'application/json', '{"sendKey":"x"}', ['content-encoding', 'identity']),
  {
    method: 'OPTIONS',
    path: `${SERVICE}ReceiveFrames`,
    fields: [
      ['origin', 'http://127.0.0.1'],
      ['access-control-request-method', 'POST'],
      ['access-control-request-headers', 'content-type'],
    ],
    body: new Uint8Array(0),
  },
  {
    method: 'GET',
    path: `${ROOMS}GetRoom?encoding=json&message=%7B%22name%22%3A%22a%22%7D&connect=v1`,
    fields: [],
    body: new Uint8Array(0),
  },
];

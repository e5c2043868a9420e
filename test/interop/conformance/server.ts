import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HTTPVersion } from '../gen/connectrpc/conformance/v1/config_pb.ts';
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from '../gen/connectrpc/conformance/v1/server_compat_pb.ts';
import { listen } from './listener.ts';
import { openRecorder } from './recording.ts';

// The server under test of connectrpc's conformance runner: a ServerCompatRequest on stdin, a ServerCompatResponse on
// stdout, each behind four bytes of length; then it serves until it is told to stop.

let input = Buffer.alloc(0);
process.stdin.on('data', (chunk: Buffer) => {
  input = Buffer.concat([input, chunk]);
  if (input.length < 4 || input.length < 4 + input.readUInt32BE(0)) return;
  process.stdin.removeAllListeners('data');
  process.stdin.resume();
  void start(input.subarray(4, 4 + input.readUInt32BE(0)));
});

async function start(bytes: Uint8Array): Promise<void> {
  const request = fromBinary(ServerCompatRequestSchema, bytes);
  const { serverCreds, clientTlsCert } = request;
  const recorder = openRecorder(
    process.env.CONFORMANCE_RECORDING,
    request.httpVersion,
    request.messageReceiveLimit,
  );
  const listening = await listen({
    httpVersion: request.httpVersion === HTTPVersion.HTTP_VERSION_1 ? 1 : 2,
    maxMessageBytes: request.messageReceiveLimit,
    streaming: process.env.CONFORMANCE_STREAMING === 'connect' ? 'connect' : 'lane',
    ...(recorder === undefined ? {} : { tap: recorder }),
    ...(request.useTls && serverCreds !== undefined
      ? {
          tls: {
            cert: Buffer.from(serverCreds.cert),
            key: Buffer.from(serverCreds.key),
            ...(clientTlsCert.length === 0 ? {} : { clientCa: Buffer.from(clientTlsCert) }),
          },
        }
      : {}),
  });
  const response = toBinary(
    ServerCompatResponseSchema,
    create(ServerCompatResponseSchema, {
      host: '127.0.0.1',
      port: listening.port,
      pemCert: request.useTls && serverCreds !== undefined ? serverCreds.cert : new Uint8Array(),
    }),
  );
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(response.length);
  process.stdout.write(Buffer.concat([prefix, response]));
}

process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => {});

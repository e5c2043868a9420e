import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { nameOfCode } from '../../helpers/lane-end.ts';
import { contentAt } from '../../helpers/wire-fields.ts';
import type { ForeignClient, JsonObject } from './foreign-client.ts';

const root = join(import.meta.dirname, '../../..');

/** @grpc/grpc-js with the .proto files as they are, loaded at run time: nothing generated. */
export function grpcJsClient(): ForeignClient {
  const definitions = loadSync('signalbox/v1/signaling_service.proto', {
    includeDirs: [join(root, 'proto')],
    enums: String,
    longs: String,
    bytes: String,
    defaults: false,
  });
  const service = definitions['signalbox.v1.SignalingService'] as grpc.ServiceDefinition;
  const method = service['Connect'];
  if (method === undefined) throw new Error('the service has no Connect');
  const channels = new Set<grpc.Client>();
  return {
    inHalves: false,
    async open({ url, token, first }, events) {
      const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
      channels.add(client);
      const call = client.makeBidiStreamRequest<
        { frame: object },
        { bytes: Buffer; message: { frame: JsonObject } }
      >(
        method.path,
        (request) => method.requestSerialize(request),
        (bytes) => ({ bytes, message: method.responseDeserialize(bytes) as { frame: JsonObject } }),
      );
      call.on('data', ({ bytes, message }: { bytes: Buffer; message: { frame: JsonObject } }) =>
        events.heard({ frame: message.frame, response: bytes, isWire: true }),
      );
      call.on('error', () => {});
      call.on('status', ({ code }) => events.ended(nameOfCode(code)));
      call.write({ frame: { hello: { token } } });
      for (const frame of first) call.write({ frame });
      return {
        async say(frame) {
          call.write({ frame });
          return contentAt(method.requestSerialize({ frame }), 1) ?? new Uint8Array(0);
        },
        hangUp: () => call.cancel(),
      };
    },
    async close() {
      for (const client of channels) client.close();
    },
  };
}

import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { Code, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { describe, expect, test } from 'vitest';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import {
  type ServerReflectionRequest,
  ServerReflection as V1,
} from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as V1Alpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { registerReflection } from '../../src/services/reflection.ts';
import { elapsed, gateway } from '../gateway/harness.ts';

type Question = ServerReflectionRequest['messageRequest'];

async function start(): Promise<{ transport: Transport; url: string; close(): Promise<void> }> {
  const { url, close } = await gateway({
    routes: (router) => registerReflection(router, [RoomService, Health]),
  });
  return { transport: createGrpcTransport({ baseUrl: url }), url, close };
}

async function* ask(...questions: Question[]) {
  for (const messageRequest of questions) yield { host: 'gateway', messageRequest };
}

function files(answer: { case?: string | undefined; value?: unknown }): FileDescriptorProto[] {
  const { fileDescriptorProto } = answer.value as { fileDescriptorProto: Uint8Array[] };
  return fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

describe.each([
  ['v1', V1],
  ['v1alpha', V1Alpha],
] as const)('server reflection %s', (_version, service) => {
  const all = async (transport: Transport, ...questions: Question[]) => {
    const client = createClient(service as typeof V1, transport);
    const answers = [];
    for await (const answer of client.serverReflectionInfo(ask(...questions))) answers.push(answer);
    return answers;
  };

  test('lists the services, and gives files from which a client can be built', async () => {
    const { transport } = await start();
    const [listed, found] = await all(
      transport,
      { case: 'listServices', value: '' },
      { case: 'fileContainingSymbol', value: 'signalbox.v1.RoomService' },
    );
    expect(listed?.messageResponse.value).toMatchObject({
      service: [
        { name: 'signalbox.v1.RoomService' },
        { name: 'grpc.health.v1.Health' },
        { name: 'grpc.reflection.v1.ServerReflection' },
        { name: 'grpc.reflection.v1alpha.ServerReflection' },
      ],
    });
    expect(found?.validHost).toBe('gateway');
    expect(found?.originalRequest?.messageRequest.value).toBe('signalbox.v1.RoomService');
    // The imports come along, each once: the registry refuses a file whose imports it does not have.
    const registry = createFileRegistry(
      create(FileDescriptorSetSchema, { file: files(found?.messageResponse ?? {}).reverse() }),
    );
    expect(registry.getService('signalbox.v1.RoomService')?.methods.map(({ name }) => name)).toContain(
      'GetRoom',
    );
  });

  test.each([
    ['a method', 'signalbox.v1.RoomService.GetRoom', 'signalbox/v1/room_service.proto'],
    ['a message', 'signalbox.v1.GetRoomRequest', 'signalbox/v1/room_service.proto'],
    ['a field', 'signalbox.v1.GetRoomRequest.name', 'signalbox/v1/room_service.proto'],
    ['a nested enum', 'grpc.health.v1.HealthCheckResponse.ServingStatus', 'grpc/health/v1/health.proto'],
    ['a nested enum value', 'grpc.health.v1.HealthCheckResponse.SERVING', 'grpc/health/v1/health.proto'],
    ['an imported type', 'google.protobuf.Timestamp', 'google/protobuf/timestamp.proto'],
  ])('finds the file of %s', async (_name, symbol, file) => {
    const { transport } = await start();
    const [answer] = await all(transport, { case: 'fileContainingSymbol', value: symbol });
    expect(files(answer?.messageResponse ?? {})[0]?.name).toBe(file);
  });

  test('finds files by name, and says what it does not have without ending the stream', async () => {
    const { transport } = await start();
    const answers = await all(
      transport,
      { case: 'fileByFilename', value: 'missing.proto' },
      { case: 'fileContainingExtension', value: { containingType: 'a.B', extensionNumber: 1 } as never },
      { case: 'allExtensionNumbersOfType', value: 'a.B' },
      { case: 'allExtensionNumbersOfType', value: 'signalbox.v1.GetRoomRequest' },
      { case: undefined },
      { case: 'fileByFilename', value: 'google/protobuf/timestamp.proto' },
    );
    expect(answers.map(({ messageResponse }) => messageResponse)).toMatchObject([
      { case: 'errorResponse', value: { errorCode: Code.NotFound, errorMessage: 'no file missing.proto' } },
      { case: 'errorResponse', value: { errorCode: Code.NotFound } },
      { case: 'errorResponse', value: { errorCode: Code.NotFound } },
      { case: 'allExtensionNumbersResponse', value: { extensionNumber: [] } },
      { case: 'errorResponse', value: { errorCode: Code.InvalidArgument } },
      { case: 'fileDescriptorResponse' },
    ]);
    expect(files(answers.at(-1)?.messageResponse ?? {})).toHaveLength(1);
  });

  test('ends when the gateway closes, though its caller would go on', async () => {
    const { url, close } = await start();
    const transport = createConnectTransport({ baseUrl: url, httpVersion: '2' });
    let stop = (): void => {};
    async function* silent() {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
      await new Promise<void>((resolve) => {
        stop = resolve;
      });
    }
    const answers = createClient(service as typeof V1, transport)
      .serverReflectionInfo(silent())
      [Symbol.asyncIterator]();
    await answers.next();
    const last = answers.next().catch(() => ({ done: true }));
    expect(await elapsed(close())).toBeLessThan(700);
    expect(await last).toMatchObject({ done: true });
    stop();
  });
});

import type { DescService } from '@bufbuild/protobuf';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import {
  type ServerReflectionRequest as RequestV1,
  ServerReflection as ServerReflectionV1,
} from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import {
  type ServerReflectionRequest as RequestV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { SchemaIndex } from './schema-index.ts';

/** A question, in either version of the protocol: they differ in their package alone. */
interface Question {
  readonly host: string;
  readonly messageRequest: RequestV1['messageRequest'] | RequestV1Alpha['messageRequest'];
}

type Answer =
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: 'allExtensionNumbersResponse'; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } };

/**
 * Server reflection, versions v1 and v1alpha: grpcurl and the like read the schema from the port.
 *
 * @param services what is listed; the reflection services add themselves.
 */
export function registerReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const listed = [...services, ServerReflectionV1, ServerReflectionV1Alpha];
  const index = new SchemaIndex(listed);
  const answer = (question: Question['messageRequest']): Answer => answerFrom(index, listed, question);
  router.service(ServerReflectionV1, {
    serverReflectionInfo: (questions, { signal }) => answerAll(questions, signal, answer),
  });
  router.service(ServerReflectionV1Alpha, {
    serverReflectionInfo: (questions, { signal }) => answerAll(questions, signal, answer),
  });
}

/** Ends with the questions, or when the gateway closes: a tool may keep its stream open without asking. */
async function* answerAll<Q extends Question>(
  questions: AsyncIterable<Q>,
  signal: AbortSignal,
  answer: (question: Question['messageRequest']) => Answer,
): AsyncGenerator<{ validHost: string; originalRequest: Q; messageResponse: Answer }> {
  const iterator = questions[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  for (;;) {
    const next = await Promise.race([iterator.next(), aborted]);
    if (next === undefined || next.done) return;
    const question = next.value;
    yield {
      validHost: question.host,
      originalRequest: question,
      messageResponse: answer(question.messageRequest),
    };
  }
}

function answerFrom(
  index: SchemaIndex,
  listed: readonly DescService[],
  question: Question['messageRequest'],
): Answer {
  switch (question.case) {
    case 'listServices':
      return {
        case: 'listServicesResponse',
        value: { service: listed.map(({ typeName }) => ({ name: typeName })) },
      };
    case 'fileByFilename':
      return fileAnswer(index, index.file(question.value), `file ${question.value}`);
    case 'fileContainingSymbol':
      return fileAnswer(index, index.fileOfSymbol(question.value), `symbol ${question.value}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = question.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return fileAnswer(index, file, `extension ${extensionNumber} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType': {
      const numbers = index.extensionNumbers(question.value);
      if (numbers === undefined) return failure(Code.NotFound, `no message ${question.value}`);
      const value = { baseTypeName: question.value, extensionNumber: [...numbers] };
      return { case: 'allExtensionNumbersResponse', value };
    }
    default:
      return failure(Code.InvalidArgument, 'the request asks nothing that is known');
  }
}

function fileAnswer(index: SchemaIndex, file: ReturnType<SchemaIndex['file']>, what: string): Answer {
  if (file === undefined) return failure(Code.NotFound, `no ${what}`);
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: index.withImports(file) } };
}

function failure(code: Code, message: string): Answer {
  return { case: 'errorResponse', value: { errorCode: code, errorMessage: message } };
}

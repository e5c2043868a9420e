import type { LaneEnd } from './lane-client.ts';

/** Names of the gRPC codes, by number, as Connect spells them. */
export const grpcCodes = [
  'ok',
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

export function nameOfCode(code: number): string {
  return grpcCodes[code] ?? `code ${code}`;
}

/** The last envelope of a gRPC-Web or Connect stream. */
export function readTrailers(protocol: string, text: string): LaneEnd {
  if (protocol === 'connect') {
    const { error } = JSON.parse(text) as { error?: { code: string; message?: string } };
    return error === undefined
      ? { code: 'ok', message: '' }
      : { code: error.code, message: error.message ?? '' };
  }
  const fields = new Map(
    text
      .split('\r\n')
      .map((line) => line.split(/:(.*)/s))
      .map(([name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]),
  );
  return {
    code: nameOfCode(Number(fields.get('grpc-status') ?? 2)),
    message: decodeURIComponent(fields.get('grpc-message') ?? ''),
  };
}

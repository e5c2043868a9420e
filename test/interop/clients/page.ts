/** Runs in a page: connect-web as it is. Driven by `chromium.ts`. */
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { openHalves } from './connect-es.ts';
import type { ForeignSession, JsonObject, Opening } from './foreign-client.ts';

interface PageOpening extends Opening {
  readonly session: string;
  readonly protocol: 'connect' | 'grpc-web';
  readonly useBinaryFormat: boolean;
}

declare global {
  /** Given by the test. */
  function tell(line: {
    session: string;
    heard?: JsonObject;
    response?: string;
    ended?: string;
  }): Promise<void>;
  /** A PageOpening as JSON. */
  function openSession(asked: string): Promise<void>;
  function say(session: string, frame: string): Promise<{ bytes?: string; failed?: string }>;
  function hangUp(session: string): void;
}

const sessions = new Map<string, ForeignSession>();

globalThis.openSession = async (asked) => {
  const { session, protocol, useBinaryFormat, ...opening } = JSON.parse(asked) as PageOpening;
  const create = protocol === 'connect' ? createConnectTransport : createGrpcWebTransport;
  const transport = create({ baseUrl: opening.url, useBinaryFormat });
  const opened = await openHalves(transport, opening, {
    heard: ({ frame, response }) => void tell({ session, heard: frame, response: toBase64(response) }),
    ended: (status) => void tell({ session, ended: status }),
  });
  sessions.set(session, opened);
};

globalThis.say = async (session, frame) => {
  try {
    return {
      bytes: toBase64(
        (await sessions.get(session)?.say(JSON.parse(frame) as JsonObject)) ?? new Uint8Array(0),
      ),
    };
  } catch (reason) {
    return { failed: reason instanceof Error ? reason.message : String(reason) };
  }
};

globalThis.hangUp = (session) => sessions.get(session)?.hangUp();

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

import { nonce } from './nonce.ts';

/** `Signal.connection_id` is `purpose.nonce`; the mesh has one connection to a peer, of the purpose `main`. */
export function newConnectionId(): string {
  return `main.${nonce()}`;
}

/** A client that names no purpose has one connection as well. */
export function isMain(connectionId: string): boolean {
  return connectionId.startsWith('main.') || !connectionId.includes('.');
}

import { type ContextKey, createContextKey } from '@connectrpc/connect';
import type { Peer } from '../core/lane.ts';

/** What the gateway knows about the caller of a unary method beyond its headers. */
export interface CallContext {
  readonly peer: Peer;
  /** Identity proved by a client certificate that the gateway verified; undefined without one. */
  readonly clientCertificate:
    | {
        readonly commonName: string;
        readonly subjectAltNames: readonly string[];
        readonly fingerprint: string;
      }
    | undefined;
}

/** `context.values.get(callContext)` in a handler. */
export const callContext: ContextKey<CallContext> = createContextKey<CallContext>(
  { peer: { address: '', userAgent: '', bearerToken: '' }, clientCertificate: undefined },
  { description: 'the caller, as the gateway knows it' },
);

import type { Transport } from './port.ts';

/** Stands for the gRPC transport where a bundle is made for browsers (`imports` of package.json). */
export const grpcTransport: Transport = {
  name: 'grpc',
  open(_opening, events) {
    queueMicrotask(() => events.closed({ code: 12, detail: 'gRPC needs Node: browsers cannot speak it' }));
    return {
      congested: false,
      send() {},
      flush() {},
      close() {},
    };
  },
};

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';

/** Serves `routes` behind `interceptor` on loopback; the address, and the function that ends it. */
export async function serve(routes: (router: ConnectRouter) => void, interceptor: Interceptor) {
  const server = createServer(connectNodeAdapter({ routes, interceptors: [interceptor] }));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  /** A unary call as curl makes it. */
  const call = async (method: string, body: object, token?: string, header: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...header,
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  };
  return { call, stop };
}

/** JSON of a response: of the method, or of a Connect error. */
export interface Body {
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly debug?: Record<string, unknown> }[];
  readonly [field: string]: unknown;
}

import { systemEnvironment } from './environment.ts';
import { LiveSession } from './live-session.ts';
import type { ConnectOptions } from './options.ts';
import type { Session } from './session.ts';
import { TabKeeper } from './tab-keeper.ts';

/**
 * Connects to a gateway and opens a session.
 *
 * `url`: http(s) URL of the gateway, such as `location.origin`; several are tried in turn. Over gRPC a path in it is ignored.
 * Resolves at the gateway's Welcome. Rejects with SignalboxError: 'unreachable' after `connectTimeoutMs`, 'token_invalid'
 * (`next` is 'stop' where the `token` function failed), 'cancelled' by `signal`, or what the gateway said. Throws TypeError
 * for a URL that is none.
 */
export async function connect(url: string | readonly string[], options: ConnectOptions): Promise<Session> {
  const environment = systemEnvironment();
  const urls = typeof url === 'string' ? [url] : url;
  const tab = options.keepSession === 'tab' ? await TabKeeper.take(environment, urls[0] ?? '') : undefined;
  return new LiveSession(environment, urls, options, tab).opened;
}

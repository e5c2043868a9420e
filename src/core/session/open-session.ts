import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Hello, Welcome_Outcome as Outcome } from '../../../gen/signalbox/v1/session_pb.ts';
import { type Grants, isRefusal as isTokenRefusal } from '../grants.ts';
import { type Ending, endingOf } from '../refusal.ts';
import { boundedProblem } from '../text.ts';
import { frameOnWire } from '../wire/wire-run.ts';
import type { Connection } from './connection.ts';
import { handleClientState } from './handle-session.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { tokenReason } from './token-reason.ts';
import { encodeWelcome } from './welcome.ts';

/** What opening a session needs beside the host. */
export interface Opener {
  readonly host: SessionHost;
  readonly serverVersion: string;
  readonly region: string;
  session(id: string): Session | undefined;
  register(session: Session): void;
}

/**
 * Opens the session that a Hello asks for, or takes it up again, and attaches it to the connection. A resume that cannot
 * be honoured becomes a fresh session in the same round trip, with the reason.
 */
export async function openSession(opener: Opener, hello: Hello, connection: Connection): Promise<void> {
  const outcome = await resumeOrOpen(opener, hello, connection);
  if (outcome === undefined || connection.isEnded) return;
  if ('nextStep' in outcome) {
    connection.end(outcome);
    return;
  }
  const { session, welcome, attempt } = outcome;
  session.attempt = attempt;
  const bytes = encodeWelcome(session, {
    ...welcome,
    serverVersion: opener.serverVersion,
    region: opener.region,
  });
  connection.lane.write(frameOnWire(connection.lane.framing, bytes));
  connection.attach(session);
  const resumed = welcome.outcome === Outcome.RESUMED ? hello.resume : undefined;
  session.attach(connection, attempt, resumed);
  if (hello.state !== undefined) void handleClientState(session, hello.state);
  connection.goOn();
}

interface Opened {
  readonly session: Session;
  readonly attempt: number;
  readonly welcome: {
    readonly outcome: Outcome;
    readonly reason?: Reason;
    readonly resumeToken: string;
    readonly sendKey: string;
    readonly epoch: string;
  };
}

async function resumeOrOpen(
  opener: Opener,
  hello: Hello,
  connection: Connection,
): Promise<Opened | Ending | undefined> {
  const { host } = opener;
  const deviceProblem = boundedProblem('hello.device_id', hello.deviceId, 0, 64);
  if (deviceProblem !== undefined) return endingOf(Reason.MALFORMED, deviceProblem);
  const token = hello.token || connection.lane.peer.bearerToken;
  const grants = token === '' ? undefined : await host.verifier.verify(token);
  if (connection.isEnded) return undefined;
  if (grants !== undefined && isTokenRefusal(grants)) {
    return endingOf(tokenReason(grants), grants.detail);
  }
  if (hello.resume === undefined) return open(opener, hello, grants, undefined);
  const resumed = await resume(opener, hello, grants);
  if (resumed.status === 'resumed') return resumed.opened;
  if (resumed.reason === Reason.REPLACED) return endingOf(Reason.REPLACED, resumed.detail);
  return connection.isEnded ? undefined : open(opener, hello, grants, resumed.reason);
}

async function open(
  { host, register }: Opener,
  hello: Hello,
  grants: Grants | undefined,
  refusedResume: Reason | undefined,
): Promise<Opened | Ending> {
  if (grants === undefined) {
    const detail = 'a token is needed: in hello.token, or in the metadata authorization: Bearer <token>';
    return endingOf(Reason.TOKEN_INVALID, detail);
  }
  const { crypto, clock, engine } = host;
  const id = crypto.random(12);
  const secret = crypto.random(32);
  const sendKey = sendKeyOf(host, id, secret);
  const info = {
    id,
    tenant: grants.tenant,
    identity: grants.identity === '' ? `anonymous-${crypto.random(6)}` : grants.identity,
    device: hello.deviceId === '' ? id : hello.deviceId,
    bornAt: clock.now(),
    sendKeyHash: crypto.sha256(sendKey),
    features: hello.features,
  };
  await engine.openSession({ ...info, secretHash: crypto.sha256(secret), attempt: 1 });
  const session = new Session(host, info, grants);
  register(session);
  const welcome = {
    outcome: refusedResume === undefined ? Outcome.NEW : Outcome.FRESH,
    ...(refusedResume === undefined ? {} : { reason: refusedResume }),
    resumeToken: `${id}.${secret}`,
    sendKey,
    epoch: engine.inbox(id)?.epoch ?? '',
  };
  return { session, attempt: 1, welcome };
}

type Resumption =
  | { readonly status: 'resumed'; readonly opened: Opened }
  | { readonly status: 'refused'; readonly reason: Reason; readonly detail: string };

async function resume(opener: Opener, hello: Hello, grants: Grants | undefined): Promise<Resumption> {
  const { host } = opener;
  const { token = '', attempt = 0 } = hello.resume ?? {};
  const dot = token.indexOf('.');
  const id = token.slice(0, dot);
  const secret = token.slice(dot + 1);
  const session = dot > 0 ? opener.session(id) : undefined;
  if (session === undefined || session.state.kind === 'closed') {
    return { status: 'refused', reason: Reason.WINDOW_EXPIRED, detail: 'the session has ended' };
  }
  const { tenant, identity } = session.info;
  const attached = await host.engine.attachSession({
    session: id,
    secretHash: host.crypto.sha256(secret),
    tenant: grants?.tenant ?? tenant,
    identity: grants === undefined || grants.identity === '' ? identity : grants.identity,
    attempt: attempt === 0 ? session.attempt : attempt,
  });
  if (attached.status === 'refused') return attached;
  if (grants !== undefined) session.grants = grants;
  const welcome = {
    outcome: Outcome.RESUMED,
    resumeToken: '',
    sendKey: sendKeyOf(host, id, secret),
    epoch: attached.epoch,
  };
  const opened = { session, attempt: attempt === 0 ? session.attempt : attempt, welcome };
  return { status: 'resumed', opened };
}

/** Derived from the resume secret, which it does not give away: it sends for the session and cannot resume it. */
function sendKeyOf({ crypto }: SessionHost, id: string, secret: string): string {
  return `${id}.${crypto.hmac(secret, 'signalbox send key')}`;
}

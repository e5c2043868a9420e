import { Feature } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Hello, Welcome_Outcome as Outcome, type Resume } from '../../../gen/signalbox/v1/session_pb.ts';
import { type Eventually, when } from '../eventually.ts';
import { type Grants, isRefusal as isTokenRefusal, type TokenRefusal } from '../grants.ts';
import { endingOf } from '../refusal.ts';
import { type SessionAdmission, shedEnding } from '../session-admission.ts';
import { boundedProblem } from '../text.ts';
import type { Connection } from './connection.ts';
import { handleClientState, regrant } from './handle-session.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { endingOfToken, tokenReason } from './token-reason.ts';
import type { WelcomeParts, Welcomes } from './welcome.ts';

/** What opening a session needs beside the host. */
export interface Opener {
  readonly host: SessionHost;
  readonly welcomes: Welcomes;
  readonly admission: SessionAdmission;
  /** Opening costs a while: when thousands come at once, each waits for its turn, and those who are there are served between. */
  turn(): Promise<void> | undefined;
  /** When a session that begins now was born: no two on this node were born at the same time, in milliseconds. */
  nextBirth(): number;
  session(id: string): Session | undefined;
  register(session: Session): void;
}

/**
 * Opens the session that a Hello asks for, or takes it up again, and attaches it to the connection. A resume that cannot
 * be honoured becomes a fresh session in the same round trip, with the reason. Where nobody has to be waited for, it is done
 * in this call, so that what came with the Hello is taken in the same tick.
 */
export function openSession(opener: Opener, hello: Hello, connection: Connection): Eventually<void> {
  const deviceProblem = boundedProblem('hello.device_id', hello.deviceId, 0, 64);
  if (deviceProblem !== undefined) {
    connection.end(endingOf(Reason.MALFORMED, deviceProblem));
    return;
  }
  const { admission, host } = opener;
  const { peer } = connection.lane;
  const ask = hello.resume === undefined ? 'new' : 'resumed';
  const shed = admission.shed(ask, peer);
  if (shed !== undefined) {
    connection.end(shedEnding(shed, ask));
    return;
  }
  return when(opener.turn(), () => {
    if (connection.isEnded) return;
    const token = hello.token || peer.bearerToken;
    const verified = token === '' ? undefined : host.verifier.verify(token);
    return when(verified, (grants) => openWith(opener, hello, grants, connection));
  });
}

function openWith(
  opener: Opener,
  hello: Hello,
  grants: Grants | TokenRefusal | undefined,
  connection: Connection,
): Eventually<void> {
  const { admission } = opener;
  const { peer } = connection.lane;
  if (grants !== undefined && isTokenRefusal(grants)) {
    admission.refused(peer);
    connection.end(endingOf(tokenReason(grants), grants.detail));
    return;
  }
  if (connection.isEnded) return;
  if (hello.resume === undefined) return open(opener, hello, grants, undefined, connection);
  return when(resume(opener, hello.resume, grants, connection, hello), (resumed) => {
    if (resumed === undefined) return;
    if (resumed.reason === Reason.REPLACED) {
      connection.end(endingOf(Reason.REPLACED, resumed.detail));
      return;
    }
    if (connection.isEnded) return;
    // Whoever tries out resume tokens pays for it, and a fresh session is one more.
    const shedFresh = admission.shed('new', peer);
    if (shedFresh !== undefined) {
      connection.end(shedEnding(shedFresh, 'new'));
      return;
    }
    return open(opener, hello, grants, resumed.reason, connection);
  });
}

function open(
  opener: Opener,
  hello: Hello,
  grants: Grants | undefined,
  refused: Reason | undefined,
  connection: Connection,
): Eventually<void> {
  if (grants === undefined) {
    const detail = 'a token is needed: in hello.token, or in the metadata authorization: Bearer <token>';
    connection.end(endingOf(Reason.TOKEN_INVALID, detail));
    return;
  }
  const { host } = opener;
  const { crypto, engine } = host;
  const id = crypto.random(12);
  const secret = crypto.random(32);
  const sendKey = sendKeyOf(host, id, secret);
  const info = {
    id,
    tenant: grants.tenant,
    identity: grants.identity === '' ? `anonymous-${crypto.random(6)}` : grants.identity,
    device: hello.deviceId === '' ? id : hello.deviceId,
    bornAt: opener.nextBirth(),
    sendKeyHash: crypto.sha256(sendKey),
    features: knownFeatures(hello),
  };
  const opened = engine.openSession({ ...info, secretHash: crypto.sha256(secret), attempt: 1 });
  return when(opened, (): Eventually<void> => {
    // The token was good a while ago; it may have been revoked since, and nobody found the session to end it.
    const ending = endingOfToken(host, grants);
    if (ending !== undefined) connection.end(ending);
    // Nobody knows of this session: nobody could take it up.
    if (connection.isEnded) return when(engine.endSession(id), () => undefined);
    const session = new Session(host, info, grants);
    opener.register(session);
    attach(opener, session, connection, hello, 1, undefined, {
      outcome: refused === undefined ? Outcome.NEW : Outcome.FRESH,
      ...(refused === undefined ? {} : { reason: refused }),
      resumeToken: `${id}.${secret}`,
      sendKey,
      epoch: engine.inbox(id)?.epoch ?? '',
    });
  });
}

/** Why a session cannot be taken up. */
interface ResumeRefusal {
  readonly reason: Reason;
  readonly detail: string;
}

/** Undefined: it is taken up, or the connection has ended. */
function resume(
  opener: Opener,
  asked: Resume,
  grants: Grants | undefined,
  connection: Connection,
  hello: Hello,
): Eventually<ResumeRefusal | undefined> {
  const { host } = opener;
  const dot = asked.token.indexOf('.');
  const id = asked.token.slice(0, dot);
  const secret = asked.token.slice(dot + 1);
  const session = dot > 0 ? opener.session(id) : undefined;
  if (session === undefined || session.state.kind === 'closed') return ended;
  const { tenant, identity } = session.info;
  const attempt = asked.attempt === 0 ? session.attempt : asked.attempt;
  const attached = host.engine.attachSession({
    session: id,
    secretHash: host.crypto.sha256(secret),
    tenant: grants?.tenant ?? tenant,
    identity: grants === undefined || grants.identity === '' ? identity : grants.identity,
    attempt,
  });
  return when(attached, (answer): ResumeRefusal | undefined => {
    if (answer.status === 'refused') return answer;
    if (connection.isEnded) return undefined;
    // While the engine answered, the session may have ended, or a later attempt may have come through.
    if (opener.session(id) !== session) return ended;
    if (attempt < session.attempt) {
      return { reason: Reason.REPLACED, detail: `attempt ${session.attempt} owns the session` };
    }
    const ending = endingOfToken(host, grants ?? session.grants);
    if (ending !== undefined) {
      connection.end(ending);
      return undefined;
    }
    if (grants !== undefined) regrant(session, grants);
    attach(opener, session, connection, hello, attempt, asked, {
      outcome: Outcome.RESUMED,
      resumeToken: '',
      sendKey: sendKeyOf(host, id, secret),
      epoch: answer.epoch,
    });
    return undefined;
  });
}

const ended: ResumeRefusal = { reason: Reason.WINDOW_EXPIRED, detail: 'the session has ended' };

function attach(
  { welcomes }: Opener,
  session: Session,
  connection: Connection,
  hello: Hello,
  attempt: number,
  resumed: Resume | undefined,
  welcome: WelcomeParts,
): void {
  session.attempt = attempt;
  // First, as it is where the clock of fresh credentials begins.
  const frame = welcomes.encode(session, welcome);
  connection.attach(session);
  session.attach(connection, attempt, resumed);
  session.outgoing.welcome(frame);
  if (hello.state !== undefined) void handleClientState(session, hello.state);
  connection.goOn();
}

const featuresOfSchema: ReadonlySet<number> = new Set(
  Object.values(Feature).filter((feature) => feature !== Feature.UNSPECIFIED),
);

/** Peers are shown each feature once, and none that this schema does not know: a Hello may say what it likes. */
function knownFeatures({ features }: Hello): Feature[] {
  if (features.length === 0) return features;
  return [...new Set(features)].filter((feature) => featuresOfSchema.has(feature));
}

/** Derived from the resume secret, which it does not give away: it sends for the session and cannot resume it. */
function sendKeyOf({ crypto }: SessionHost, id: string, secret: string): string {
  return `${id}.${crypto.hmac(secret, 'signalbox send key')}`;
}

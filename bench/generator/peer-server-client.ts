import { JsonClient, payloadOf } from './json-client.ts';
import { candidate, connectionId, type Kind } from './payload.ts';
import type { Route } from './route.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** Second letters of OFFER, ANSWER and CANDIDATE, which no other type has: `{"type":"OF…`. */
const relayed = new Set(['F', 'N', 'A'].map((letter) => letter.charCodeAt(0)));
const letterAt = '{"type":"O'.length;

/**
 * A client of PeerServer, as PeerJS speaks with it: its id stands in the URL, for as long as the connection lasts, and there
 * are no rooms, so entering one costs nothing.
 */
export class PeerServerClient extends JsonClient {
  static async open(route: Route, name: string): Promise<PeerServerClient> {
    const query = new URLSearchParams({ key: 'peerjs', id: name, token: 'token', version: '1.5.5' });
    const client = new PeerServerClient(name, await WebSocketPipe.open(route, `/peerjs?${query}`));
    client.address = name;
    await client.awaited.until('OPEN');
    return client;
  }

  override async enter(): Promise<void> {}

  override async leave(): Promise<void> {
    const left = this.awaited.until('LEAVE');
    this.say(JSON.stringify({ type: 'LEAVE', payload: {}, dst: this.peer }));
    await left;
  }

  protected override sending(kind: Kind, dst: string): string {
    return JSON.stringify({ type: kind.toUpperCase(), payload: payload(kind), dst });
  }

  /** The server writes the fields in an order of its own. */
  protected override arriving(kind: Kind, dst: string): string {
    return JSON.stringify({ type: kind.toUpperCase(), src: this.address, dst, payload: payload(kind) });
  }

  protected override take(bytes: Buffer, start: number, end: number): void {
    if (relayed.has(bytes[start + letterAt] ?? 0)) {
      this.arrived(bytes, start, end);
      return;
    }
    const { type, payload } = JSON.parse(bytes.toString('utf8', start, end));
    if (type === 'ERROR' || type === 'ID-TAKEN') this.fail(payload.msg);
    else this.awaited.tell(type);
  }
}

function payload(kind: Kind): object {
  const content = payloadOf(kind, candidate);
  return kind === 'candidate'
    ? { ...content, type: 'data', connectionId }
    : { sdp: content, type: 'data', connectionId };
}

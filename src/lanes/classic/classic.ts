import { randomBytes } from 'node:crypto';
import type { OpenLane } from '../../core/lane.ts';
import type { Upgraded } from '../websocket/accept.ts';
import { ClassicLane } from './classic-lane.ts';

export interface ClassicOptions {
  /** Opens the core's side of a lane. */
  readonly open: OpenLane;
  /** Room of a page that names none in `register` or in `?room=`. Default `classic`. */
  readonly room?: string;
  /**
   * Makes a token for a page that brings none, with the id it registers as identity. Rejects where that is not
   * allowed: the page gets `register_response` with `success: false`, the error's message and reason DENIED.
   */
  readonly tokenFor: (id: string) => Promise<string>;
  /** Names connections; default: 8 random hexadecimal digits. */
  readonly nonce?: () => string;
}

/** The value of `AcceptOptions.openClassic`: takes WebSockets that offer no subprotocol as classic pages. */
export function classicDialect(options: ClassicOptions): (upgraded: Upgraded) => void {
  const { open, tokenFor, room = 'classic', nonce = () => randomBytes(4).toString('hex') } = options;
  const config = { room, tokenFor, nonce };
  return (upgraded) => ClassicLane.open(upgraded, config, open);
}

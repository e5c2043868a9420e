import { randomBytes } from 'node:crypto';
import type { OpenLane } from '../../core/lane.ts';
import type { Upgraded } from '../websocket/accept.ts';
import { type Schedule, systemSchedule } from '../websocket/linger.ts';
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
  /**
   * How long a page may stay connected without registering, in milliseconds; then it is told and closed with 4004.
   * Default 300,000: pages connect as they load, and register when somebody presses a button.
   */
  readonly registerTimeoutMs?: number;
  /** Timers; default: the process's. */
  readonly schedule?: Schedule;
  /** Names connections; default: 8 random hexadecimal digits. */
  readonly nonce?: () => string;
}

/** The value of `AcceptOptions.openClassic`: takes WebSockets that offer no subprotocol as classic pages. */
export function classicDialect(options: ClassicOptions): (upgraded: Upgraded) => void {
  const { open, tokenFor, room = 'classic', nonce = () => randomBytes(4).toString('hex') } = options;
  const { registerTimeoutMs = 300_000, schedule = systemSchedule } = options;
  const config = { room, tokenFor, nonce };
  return (upgraded) => ClassicLane.open({ upgraded, config, open, registerTimeoutMs, schedule });
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FloodName } from './attacks.ts';

export interface AttackOptions {
  readonly flood: FloodName;
  readonly port: number;
  /** Address that the attacker calls from. */
  readonly from: string;
  readonly connections: number;
  readonly durationMs: number;
}

/** What an attacker saw. Times in milliseconds, from the connection's first byte. */
export interface AttackReport {
  /** When each connection was cut. */
  readonly cuts: readonly number[];
  /** How long those were let that were open at the end. */
  readonly uncut: readonly number[];
  /** Connections that were closed before they could say anything. */
  readonly refused: number;
  readonly bytes: number;
}

/** Attacks from another process, and comes back at once whenever it is cut, until its time is over. */
export async function runAttack(options: AttackOptions): Promise<AttackReport> {
  const child = fork(join(import.meta.dirname, 'attacker-process.ts'), [JSON.stringify(options)]);
  const [report] = (await once(child, 'message')) as [AttackReport];
  if (child.exitCode === null) await once(child, 'exit');
  return report;
}

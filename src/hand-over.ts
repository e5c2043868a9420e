import { fromBinary } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { type StateRecord, StateRecordSchema } from '../gen/signalbox/state/v1/state_pb.ts';
import type { CoreLimits } from './core/limits.ts';
import {
  readStateFile,
  rejectedOf,
  rejectStateFile,
  removeStateFile,
  writeStateFile,
} from './runtime/state-file.ts';
import { frozenRecords, type Holders, restoreRecords } from './state-records.ts';

export interface HandOverOptions {
  /** The state file. */
  readonly path: string;
  readonly version: string;
  readonly limits: CoreLimits;
  readonly now: () => number;
  readonly log: Logger;
}

/** Takes over from the process before, and leaves to the process that comes next, by a state file. */
export class HandOver {
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /**
   * Freezes everything at this moment, and writes it. False: it could not be written, which the log says; clients are told the
   * truth when they come back.
   */
  async leave(holders: Holders): Promise<boolean> {
    const { path, log, now, version } = this.#options;
    const began = now();
    // All of it is taken now; it is encoded as it is written.
    const records = frozenRecords(holders, { version, frozenAt: began });
    try {
      const bytes = await writeStateFile(path, records);
      log.info({ path, bytes, milliseconds: now() - began }, 'state written for the next process');
      return true;
    } catch (error) {
      log.error({ err: error, path }, 'the state could not be written: all sessions are lost');
      return false;
    }
  }

  /**
   * Takes up what the process before left. The file stays until `clear`. One that cannot be read is put aside, and one that is
   * older than any window is not used: then everything begins empty, and the log says so.
   */
  takeUp(holders: Holders): void {
    const { path, log, now, limits } = this.#options;
    const records = this.#read();
    if (records === undefined) return;
    const [first] = records;
    if (first?.record.case !== 'head') {
      this.#reject('it does not begin with its head');
      return;
    }
    const { frozenAt, version } = first.record.value;
    const ageMs = now() - frozenAt;
    const isOld = ageMs > limits.resumeWindowMs + limits.holdMs;
    try {
      const sessions = restoreRecords(holders, records, isOld);
      log.info({ path, sessions, ageMs, version }, 'took up the state of the process before');
    } catch (error) {
      // A defect: the next start is not to fail as this one does.
      rejectStateFile(path);
      throw error;
    }
    if (isOld)
      log.warn(
        { path, ageMs },
        'the state file is older than any session lasts: only revocations were taken',
      );
  }

  /** Removes the file: to be called before the first connection, or a later crash would bring its state back. */
  clear(): void {
    removeStateFile(this.#options.path);
  }

  #read(): StateRecord[] | undefined {
    try {
      return readStateFile(this.#options.path, (bytes) => fromBinary(StateRecordSchema, bytes));
    } catch (error) {
      this.#reject(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #reject(reason: string): void {
    const { path, log } = this.#options;
    rejectStateFile(path);
    const kept = rejectedOf(path);
    log.error(
      { path, kept, reason },
      'the state file cannot be used: it is put aside, and everything begins empty',
    );
  }
}

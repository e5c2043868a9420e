import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileMark, watchFile } from './file-watch.ts';
import { importKey } from './import-key.ts';
import { KeyFileError, minSecretBytes, parseKeyFile } from './key-file.ts';
import { Keyring } from './keyring.ts';
import type { AuthLog } from './log.ts';
import type { RemoteKeysOptions } from './remote-keys.ts';

/** The keys in force, now and after each change of the key file. */
export interface KeyStore {
  readonly current: Keyring;
  /** Calls `run` after each change of `current`. */
  onChange(run: () => void): void;
  /** Stops watching the key file. */
  close(): void;
}

export interface LoadKeysOptions {
  /** Path of the key file. Absent: development keys, or an error. */
  readonly file?: string | undefined;
  /** Without a key file: makes a key for this start only, under the kid `dev`, instead of refusing. */
  readonly development: boolean;
  readonly log: AuthLog;
  readonly remote: RemoteKeysOptions;
  /** Milliseconds between looks at the key file, beside the watch. Default 2,000. */
  readonly pollMs?: number;
}

const howToMakeKeys = 'make keys with: signalbox keys new > keys.json';

/**
 * Loads the keys and follows the key file: when it changes, its keys replace the old ones; when the new content cannot be
 * used, the old keys stay and the log says what is wrong and where. Throws an Error that says what to do when there are no
 * keys, KeyFileError when the file cannot be used at the start.
 */
export async function loadKeys(options: LoadKeysOptions): Promise<KeyStore> {
  const { file, development } = options;
  if (file !== undefined) return FileKeyStore.open(file, options);
  if (development) return fixedKeys(await developmentKeys(options.remote));
  throw new Error(
    `no keys: ${howToMakeKeys} and give the file with --key-file keys.json, or start in development with --dev`,
  );
}

/** Keys that never change. */
export function fixedKeys(current: Keyring): KeyStore {
  return { current, onChange() {}, close() {} };
}

/** Reads a key file once. Throws KeyFileError. */
export async function readKeys(file: string, remote: RemoteKeysOptions): Promise<Keyring> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    const hint = code === 'ENOENT' ? `: there is no such file; ${howToMakeKeys}` : ` (${code})`;
    throw new KeyFileError(`cannot read ${file}${hint}`);
  }
  const entries = parseKeyFile(text, file);
  return new Keyring(await Promise.all(entries.map((entry) => importKey(entry, remote))));
}

async function developmentKeys(remote: RemoteKeysOptions): Promise<Keyring> {
  const secret = JSON.stringify({ kid: 'dev', secret: randomBytes(minSecretBytes).toString('base64url') });
  const entries = parseKeyFile(`{"keys":[${secret}]}`, 'the development key');
  return new Keyring(await Promise.all(entries.map((entry) => importKey(entry, remote))));
}

class FileKeyStore implements KeyStore {
  readonly #file: string;
  readonly #options: LoadKeysOptions;
  readonly #listeners: (() => void)[] = [];
  readonly #stopWatch: () => void;
  #current: Keyring;
  /** One reading at a time, in order: an older content never replaces a newer one. */
  #reading: Promise<void> = Promise.resolve();

  private constructor(file: string, options: LoadKeysOptions, current: Keyring, mark: string) {
    this.#file = file;
    this.#options = options;
    this.#current = current;
    const reload = () => {
      this.#reading = this.#reading.then(() => this.#reload());
    };
    this.#stopWatch = watchFile(file, mark, reload, options.pollMs ?? 2_000);
  }

  static async open(file: string, options: LoadKeysOptions): Promise<FileKeyStore> {
    const mark = await fileMark(file);
    return new FileKeyStore(file, options, await readKeys(file, options.remote), mark);
  }

  get current(): Keyring {
    return this.#current;
  }

  onChange(run: () => void): void {
    this.#listeners.push(run);
  }

  close(): void {
    this.#stopWatch();
    this.#listeners.length = 0;
  }

  async #reload(): Promise<void> {
    const { log, remote } = this.#options;
    try {
      this.#current = await readKeys(this.#file, remote);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.error({ file: this.#file, problem }, 'the key file changed and cannot be used; the old keys stay');
      return;
    }
    log.info({ file: this.#file, kids: this.#current.kids }, 'the key file changed; its keys are in force');
    for (const run of this.#listeners) run();
  }
}

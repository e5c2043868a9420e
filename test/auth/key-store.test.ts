import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyStore } from '../../src/auth/key-store.ts';
import { loadKeys } from '../../src/auth/key-store.ts';
import { RecordingLog, secretOf, until } from '../helpers/auth-kit.ts';

const content = (kid: string) => JSON.stringify({ keys: [{ kid, alg: 'HS256', secret: secretOf(kid) }] });
const remote = { now: Date.now };

let folder: string;
let store: KeyStore | undefined;
let log: RecordingLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-keys-'));
  log = new RecordingLog();
});
afterEach(async () => {
  store?.close();
  store = undefined;
  await rm(folder, { recursive: true });
});

/** A poll of an hour leaves the work to the watch. */
async function open(file: string, pollMs = 3_600_000): Promise<KeyStore> {
  store = await loadKeys({ file, development: false, log, remote, pollMs });
  return store;
}

describe('without a key file', () => {
  it('nothing starts, and the error says how to make keys', async () => {
    await expect(loadKeys({ development: false, log, remote })).rejects.toThrow(
      /signalbox keys new > keys\.json/,
    );
  });

  it('development has a key of its own for each start', async () => {
    const [one, two] = await Promise.all([
      loadKeys({ development: true, log, remote }),
      loadKeys({ development: true, log, remote }),
    ]);
    expect(one.current.kids).toEqual(['dev']);
    const sign = async (keys: KeyStore) => {
      const { signing } = keys.current;
      if (signing === undefined) throw new Error('no key to sign with');
      return crypto.subtle.sign('HMAC', signing.key, new Uint8Array(1));
    };
    expect(Buffer.from(await sign(one)).equals(Buffer.from(await sign(two)))).toBe(false);
  });

  it('of the given name, the error says so', async () => {
    await expect(open(join(folder, 'none.json'))).rejects.toThrow(
      /none\.json: there is no such file; make keys with/,
    );
  });
});

describe('a key file', () => {
  it('is taken in development too, in place of the development key', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, content('main'));
    store = await loadKeys({ file, development: true, log, remote });
    expect(store.current.kids).toEqual(['main']);
  });

  it('that is written anew is in force soon, and the listeners are told', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, content('one'));
    const keys = await open(file);
    let told = 0;
    keys.onChange(() => {
      told += 1;
    });
    await writeFile(file, content('two'));
    await until(() => told > 0);
    expect(keys.current.kids).toEqual(['two']);
  });

  it('that is replaced by a rename is followed, again and again', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, content('k0'));
    const keys = await open(file);
    for (const kid of ['k1', 'k2', 'k3']) {
      await writeFile(`${file}.new`, content(kid));
      await rename(`${file}.new`, file);
      await until(() => keys.current.kids[0] === kid);
    }
  });

  it('that is a link is followed when the link points elsewhere', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(join(folder, 'v1.json'), content('v1'));
    await writeFile(join(folder, 'v2.json'), content('v2'));
    await symlink('v1.json', file);
    const keys = await open(file);
    await symlink('v2.json', `${file}.new`);
    await rename(`${file}.new`, file);
    await until(() => keys.current.kids[0] === 'v2');
  });

  it('whose target changes in another folder, where no watch looks, is seen by the poll', async () => {
    const other = await mkdtemp(join(tmpdir(), 'signalbox-keys-'));
    const file = join(folder, 'keys.json');
    await writeFile(join(other, 'real.json'), content('one'));
    await symlink(join(other, 'real.json'), file);
    const keys = await open(file, 20);
    await writeFile(join(other, 'real.json'), content('two'));
    await until(() => keys.current.kids[0] === 'two');
    await rm(other, { recursive: true });
  });

  it('that becomes unusable leaves the old keys in force and the log says what and where, until it is mended', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, content('one'));
    const keys = await open(file);
    await writeFile(file, '{"keys":[{"kid":"two","alg":"HS256","secret":"c2hvcnQ"}]}');
    await until(() => log.lines.some(({ level }) => level === 'error'));
    expect(keys.current.kids).toEqual(['one']);
    const line = log.lines.find(({ level }) => level === 'error');
    expect(line?.message).toContain('the old keys stay');
    expect(JSON.stringify(line?.fields)).toContain('keys[0].secret has 5 bytes');
    await writeFile(file, content('three'));
    await until(() => keys.current.kids[0] === 'three');
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', fields: { kids: ['three'] } });
  });

  it('that is removed leaves the old keys in force', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, content('one'));
    const keys = await open(file);
    await rm(file);
    await until(() => log.lines.length > 0);
    expect(keys.current.kids).toEqual(['one']);
    expect(JSON.stringify(log.lines[0]?.fields)).toContain('there is no such file');
  });
});

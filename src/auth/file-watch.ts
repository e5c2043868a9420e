import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Milliseconds of quiet before a change is reported: editors and orchestrators replace files in several steps. */
const settleMs = 50;

/**
 * Calls `changed` whenever the file at `path` was written, replaced by a rename, or reached through a link that now points
 * elsewhere, since `mark` was taken. The directory is watched, because a watched file that is replaced falls silent; a poll covers file systems that
 * report nothing. Never keeps the process alive. Returns the function that ends it.
 */
export function watchFile(path: string, mark: string, changed: () => void, pollMs: number): () => void {
  let seen = mark;
  let closed = false;
  let settle: NodeJS.Timeout | undefined;

  const check = async () => {
    const found = await fileMark(path);
    if (closed || found === seen) return;
    seen = found;
    changed();
  };
  const checkSoon = () => {
    clearTimeout(settle);
    settle = setTimeout(check, settleMs);
    settle.unref();
  };

  void check();
  const poll = setInterval(check, pollMs);
  poll.unref();
  const watcher = watchDirectory(dirname(path), checkSoon);
  return () => {
    closed = true;
    clearTimeout(settle);
    clearInterval(poll);
    watcher?.close();
  };
}

function watchDirectory(path: string, changed: () => void) {
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** What differs between two states of a file. Taken before the file is read, no change is missed. */
export async function fileMark(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return 'absent';
  }
}

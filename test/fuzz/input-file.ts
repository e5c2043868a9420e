import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Input } from './target.ts';

/** An input as a file that people can read: each part is text where that says the same bytes, else hex. */
export interface InputFile {
  readonly target: string;
  /** What the input shows. */
  readonly why: string;
  readonly parts: readonly string[];
}

export function encodeInput(target: string, why: string, input: Input): string {
  const parts = input.map(encodePart);
  return `${JSON.stringify({ target, why, parts } satisfies InputFile, null, 2)}\n`;
}

export async function readInput(file: string): Promise<{ target: string; why: string; input: Input }> {
  const { target, why, parts } = JSON.parse(await readFile(file, 'utf8')) as InputFile;
  return { target, why, input: parts.map(decodePart) };
}

/** The inputs of a text that lists encoded ones; [] where it is cut off. */
export function decodeBatch(text: string): Input[] {
  try {
    const files = (JSON.parse(text) as string[]).map((file) => JSON.parse(file) as InputFile);
    return files.map(({ parts }) => parts.map(decodePart));
  } catch {
    return [];
  }
}

/** Writes an input that was found into `folder`; returns the path. */
export async function keepInput(
  folder: string,
  name: string,
  ...content: Parameters<typeof encodeInput>
): Promise<string> {
  const file = join(folder, `${name}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, encodeInput(...content));
  return file;
}

/** The inputs that were once found, and are run first: `test/fuzz/corpus/<target>`. */
export async function readCorpus(target: string): Promise<{ name: string; input: Input }[]> {
  const folder = join(import.meta.dirname, 'corpus', target);
  const files = await readdir(folder).catch(() => []);
  const found = files.filter((file) => file.endsWith('.json')).sort();
  return Promise.all(
    found.map(async (file) => ({
      name: basename(file, '.json'),
      input: (await readInput(join(folder, file))).input,
    })),
  );
}

function encodePart(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  const isSame = Buffer.from(text, 'utf8').equals(bytes);
  return isSame && isPrintable(text) ? `text:${text}` : `hex:${Buffer.from(bytes).toString('hex')}`;
}

function decodePart(part: string): Uint8Array {
  return part.startsWith('hex:') ? Buffer.from(part.slice(4), 'hex') : Buffer.from(part.slice(5), 'utf8');
}

function isPrintable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\ufffd]/.test(text);
}

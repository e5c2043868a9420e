import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const RATE = 48_000;
const SECONDS = 2;

/** A file that sounds like somebody who talks on and on: the beeps of Chromium's fake microphone are shorter than a word. */
export async function voiceFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-voice-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'voice.wav');
  const samples = new Int16Array(RATE * SECONDS);
  for (let index = 0; index < samples.length; index += 1) {
    const at = index / RATE;
    // Syllables of a third of a second on a voice that rises and falls, with overtones.
    const loud = 0.25 + 0.2 * Math.sin(2 * Math.PI * 3 * at);
    const phase = 2 * Math.PI * (160 * at + 6 * Math.sin(2 * Math.PI * at));
    const tone = Math.sin(phase) + 0.5 * Math.sin(2 * phase) + 0.3 * Math.sin(5 * phase);
    samples[index] = Math.round(loud * tone * 15_000);
  }
  await writeFile(path, Buffer.concat([header(samples.byteLength), Buffer.from(samples.buffer)]));
  return path;
}

/** WAVE, PCM, one channel of 16 bits. */
function header(bytes: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(bytes, 40);
  return head;
}

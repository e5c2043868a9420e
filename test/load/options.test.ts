import { describe, expect, it } from 'vitest';
import { CommandError } from '../../src/auth/token-command.ts';
import { readLoadOptions } from '../../src/load/options.ts';
import { scenarios } from '../../src/load/scenario.ts';

const defaults = { keyFile: undefined, generator: 'abc' };
const read = (...args: string[]) => readLoadOptions(args, defaults);

function problemsOf(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error('there were no problems');
}

describe('the options of signalbox load', () => {
  it('are those of a call against a local gateway in development, without any', () => {
    expect(read()).toEqual({
      url: 'http://127.0.0.1:8080',
      name: 'call',
      scenario: scenarios.call,
      rooms: 10,
      participants: 4,
      rate: 100,
      durationMs: 10_000,
      ramp: 200,
      transport: 'websocket',
      content: 'candidates',
      size: 130,
      tokens: { kind: 'development' },
      roomPrefix: 'load-abc-',
      insecure: false,
      json: undefined,
      seed: 1,
    });
  });

  it('take what is given over the scenario, and its size from what is sent', () => {
    const options = read(
      'https://signal.example.org/',
      '--scenario',
      'class',
      '--send',
      'lossy',
      '--rooms',
      '3',
    );
    expect(options).toMatchObject({
      url: 'https://signal.example.org',
      rooms: 3,
      participants: 30,
      size: 100,
    });
    expect(read('--transport', 'connect', '--rate', '0.5', '--duration', '2m')).toMatchObject({
      transport: 'connect-web',
      rate: 0.5,
      durationMs: 120_000,
    });
  });

  it('name a key file, or tokens, and the key file of the environment where they name none', () => {
    const keyFile = 'env.json';
    expect(readLoadOptions([], { ...defaults, keyFile })?.tokens).toMatchObject({
      kind: 'key file',
      file: keyFile,
    });
    expect(readLoadOptions(['--tokens', 't'], { ...defaults, keyFile })?.tokens).toEqual({
      kind: 'file',
      file: 't',
    });
    expect(read('--key-file', 'k', '--kid', 'a')?.tokens).toEqual({ kind: 'key file', file: 'k', kid: 'a' });
  });

  it('give way to help', () => {
    expect(read('--help', '--rooms', 'x')).toBeUndefined();
  });

  it('are refused all at once, each with what is wrong and what would do', () => {
    const said = problemsOf(
      'ftp://x',
      'more',
      '--rooms',
      '1.5',
      '--rate',
      '0',
      '--duration',
      '3',
      '--scenario',
      'x',
    );
    for (const part of [
      'the URL must be such as https://signal.example.org, not "ftp://x"',
      'one URL at a time: what is more?',
      '--rooms must be a whole number from 1 to 1000000, not "1.5"',
      '--rate must be a number from 0.1 to 1000000, not "0"',
      '--duration: "3" is no duration: write 30s, 15m, 1h or 7d',
      '--scenario must be one of call, class, broadcast, cameras, not "x"',
      'signalbox load --help',
    ]) {
      expect(said).toContain(part);
    }
  });

  it.each([
    [['--participants', '1'], '--participants must be a whole number from 2'],
    [['--size', '10'], '--size must be a whole number from 64 to 200000'],
    [['--size', '20000', '--send', 'messages'], 'from 64 to 16000'],
    [['--transport', 'smoke'], '--transport must be one of websocket, grpc, connect'],
    [['--kid', 'a'], 'give --key-file, too'],
    [['--tokens', 'a', '--key-file', 'b'], 'tokens come from one of them'],
    [['--rooms', '1000', '--participants', '10000'], 'start several generators'],
    [['--wat'], "Unknown option '--wat'"],
  ])('%j are refused: %s', (args, said) => {
    expect(problemsOf(...args)).toContain(said);
  });
});

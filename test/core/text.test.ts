import { describe, expect, it } from 'vitest';
import {
  attributesProblem,
  displayNameProblem,
  identityProblem,
  messageTypeProblem,
  roleProblem,
  roomPatternProblem,
  roomProblem,
} from '../../src/core/text.ts';

describe('an identity', () => {
  it.each(['a', 'ada@example.org', '名前', 'a'.repeat(128), 'ä'.repeat(64), 'with space'])(
    'may be %j',
    (text) => {
      expect(identityProblem(text)).toBeUndefined();
    },
  );

  it('is bounded by bytes of UTF-8 and not by characters', () => {
    expect(identityProblem('a'.repeat(129))).toBe('an identity has at most 128 bytes of UTF-8');
    expect(identityProblem('ä'.repeat(65))).toBe('an identity has at most 128 bytes of UTF-8');
    expect(identityProblem('')).toBe('an identity must not be empty');
  });

  it.each([
    ['a\nb', 'U+000A'],
    ['\0', 'U+0000'],
    ['a\x7f', 'U+007F'],
    ['a\x85', 'U+0085'],
  ])('with the control character of %j is refused and the character is named', (text, code) => {
    expect(identityProblem(text)).toContain(code);
  });

  it('with half a surrogate pair is refused: it has no UTF-8', () => {
    expect(identityProblem('a\ud800')).toContain('surrogate');
    expect(identityProblem('a😀')).toBeUndefined();
  });
});

describe('a room', () => {
  it('has the rules of an identity under its own name', () => {
    expect(roomProblem('demo')).toBeUndefined();
    expect(roomProblem('')).toBe('a room name must not be empty');
    expect(roomProblem('demo*')).toContain('must not end with *');
    expect(roomProblem('r'.repeat(129))).toBe('a room name has at most 128 bytes of UTF-8');
  });

  it('in a token may be any, one, or all that begin alike', () => {
    for (const pattern of ['', '*', 'demo', 'class-*', `${'r'.repeat(128)}*`]) {
      expect(roomPatternProblem(pattern)).toBeUndefined();
    }
    expect(roomPatternProblem(`${'r'.repeat(129)}*`)).toContain('128 bytes');
    expect(roomPatternProblem('a**')).toContain('must not end with *');
    expect(roomPatternProblem('a\t*')).toContain('U+0009');
  });
});

describe('a display name', () => {
  it('has at most 64 code points, however many bytes they take', () => {
    expect(displayNameProblem('')).toBeUndefined();
    expect(displayNameProblem('😀'.repeat(64))).toBeUndefined();
    expect(displayNameProblem('a'.repeat(65))).toBe('a display name has at most 64 code points');
    expect(displayNameProblem('😀'.repeat(65))).toBe('a display name has at most 64 code points');
  });

  it('is in normalization form C', () => {
    expect(displayNameProblem('Zo\u00eb')).toBeUndefined();
    expect(displayNameProblem('Zoe\u0308')).toContain('normalization form C');
  });

  it('must not turn the text after it around', () => {
    for (const mark of ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e']) {
      expect(displayNameProblem(`Ada${mark}`)).toContain('overrides');
    }
    expect(displayNameProblem('\u2068Ada')).toContain('isolates');
    expect(displayNameProblem('Ada\u2069\u2068')).toContain('isolates');
  });

  it('may be right-to-left, and may bring closed isolates as phones write them', () => {
    expect(displayNameProblem('שלום')).toBeUndefined();
    expect(displayNameProblem('\u2068Ada\u2069')).toBeUndefined();
  });
});

describe('labels', () => {
  it('have at most 64 bytes and may be empty', () => {
    for (const problem of [roleProblem, messageTypeProblem]) {
      expect(problem('')).toBeUndefined();
      expect(problem('r'.repeat(64))).toBeUndefined();
      expect(problem('r'.repeat(65))).toContain('at most 64 bytes');
      expect(problem('a\r')).toContain('U+000D');
    }
  });
});

describe('attributes', () => {
  it('have at most 64 keys', () => {
    const make = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '']));
    expect(attributesProblem(make(64))).toBeUndefined();
    expect(attributesProblem(make(65))).toBe('there are at most 64 attributes, these are 65');
  });

  it('have at most 4 KiB of keys and values together', () => {
    expect(attributesProblem({ ab: 'x'.repeat(4094) })).toBeUndefined();
    expect(attributesProblem({ ab: 'x'.repeat(4095) })).toContain('these have 4097');
    expect(attributesProblem({ ab: 'xyz' }, { attributeKeys: 1, attributesBytes: 4 })).toContain(
      'at most 4 bytes',
    );
  });

  it('may have values of several lines, but no control characters in keys', () => {
    expect(attributesProblem({ note: 'a\nb' })).toBeUndefined();
    expect(attributesProblem({ 'no\nte': '' })).toContain('U+000A');
    expect(attributesProblem({ '': 'a' })).toContain('must not be empty');
    expect(attributesProblem({ a: '\udc00' })).toContain('not valid Unicode');
  });

  it('refuse the one key that objects cannot hold as an entry', () => {
    expect(attributesProblem(JSON.parse('{"__proto__":"x"}'))).toContain('__proto__');
  });
});

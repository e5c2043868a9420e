import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clock } from '../../web/model/chat-time.ts';
import { parts } from '../../web/model/links.ts';

const linksIn = (text: string) => parts(text).flatMap((part) => ('link' in part ? [part.text] : []));

it.each<[string, string[]]>([
  ['nothing here', []],
  ['https://example.org', ['https://example.org']],
  ['see https://example.org/a?b=c#d, please.', ['https://example.org/a?b=c#d']],
  ['(https://example.org/x_(y))', ['https://example.org/x_(y)']],
  ['[http://127.0.0.1:8080/]!', ['http://127.0.0.1:8080/']],
  ['http://[::1]:8080/ and https://例え.jp/道', ['http://[::1]:8080/', 'https://例え.jp/道']],
  ['看 https://example.org/a。好', ['https://example.org/a']],
  ['HTTPS://EXAMPLE.ORG', ['HTTPS://EXAMPLE.ORG']],
  ['<a href="https://example.org">', ['https://example.org']],
  ['javascript:alert(1) data:text/html,x ftp://example.org //example.org', []],
  ['https:// https://', []],
])('finds in %j the links %j', (text, links) => {
  expect(linksIn(text)).toEqual(links);
});

it('loses nothing of a text, and links to nothing but http and https', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.constantFrom(
      'javascript:alert(1)',
      '<script>',
      '"https://',
      'https://a b',
      ')',
      '.',
      '\n',
      'https://%',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const text = pieces.join('');
      const found = parts(text);
      const links = found.flatMap((part) => ('link' in part ? [new URL(part.link).protocol] : []));
      expect(found.map((part) => part.text).join('')).toBe(text);
      expect(found.filter((part) => part.text === '')).toEqual([]);
      expect(links.filter((protocol) => protocol !== 'http:' && protocol !== 'https:')).toEqual([]);
    }),
  );
});

it('takes no longer for a text that is made to take long', () => {
  const began = performance.now();
  parts(`https://a.${'('.repeat(8_000)}${')'.repeat(8_000)}`);
  parts(`https://a.b/${')'.repeat(16_000)}`);
  expect(performance.now() - began).toBeLessThan(2_000);
});

it('writes times in the zone of the reader, with the day where it is another one', () => {
  const write = clock('en-GB', 'Asia/Tokyo');
  const now = new Date('2026-03-01T16:00:00Z');
  expect(write(new Date('2026-03-01T15:30:00Z'), now)).toBe('00:30');
  expect(write(new Date('2026-03-01T14:30:00Z'), now)).toBe('1 Mar, 23:30');
  expect(write(new Date('2025-03-01T14:30:00Z'), now)).toBe('1 Mar 2025, 23:30');
});

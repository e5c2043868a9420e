import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { protocolOf } from '../../src/gateway/preface.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

describe('the first bytes', () => {
  test('are undecided while they are a proper prefix of the preface, and HTTP/2 from then on', () => {
    for (let length = 0; length < PREFACE.length; length++) {
      expect(protocolOf(PREFACE.subarray(0, length))).toBe('undecided');
    }
    expect(protocolOf(PREFACE)).toBe('h2');
    expect(protocolOf(Buffer.concat([PREFACE, Buffer.from('more')]))).toBe('h2');
  });

  test('are HTTP/1.1 from the first byte that differs', () => {
    for (const text of ['GET', 'PO', 'PUT', 'PRO', 'PRI /', 'PRI * HTTP/1', '\r\n']) {
      expect(protocolOf(Buffer.from(text))).toBe('http/1.1');
    }
  });

  test('decide the same however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(30), fc.nat(30), (noise, keep, cut) => {
        const bytes = Buffer.concat([PREFACE.subarray(0, keep), noise]);
        const early = protocolOf(bytes.subarray(0, cut));
        if (early !== 'undecided') expect(protocolOf(bytes)).toBe(early);
      }),
    );
  });
});

import { isIP } from 'node:net';
import type { TlsTexts } from './tls.ts';

/** Phones refuse certificates of a longer life than this (Apple: 398 days). */
const LIFE_DAYS = 365;

/**
 * Makes a certificate for the gateway's own addresses: a browser shows a warning once, then treats the page as secure,
 * which it must be for camera and microphone. `localhost` and the loopback addresses are always in it.
 *
 * @param addresses IP addresses and host names, see `lanAddresses`.
 * @param now the present time.
 */
export async function selfSignedTls(addresses: readonly string[], now: Date): Promise<TlsTexts> {
  // A third of what a start loads: for nothing where there is a certificate, or none is wanted.
  const { generate } = await import('selfsigned');
  const names = new Set(['localhost', '127.0.0.1', '::1', ...addresses]);
  const notAfterDate = new Date(now.getTime() + LIFE_DAYS * 86_400_000);
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'Signalbox' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A phone's clock may be a little behind.
    notBeforeDate: new Date(now.getTime() - 3_600_000),
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...names].map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  });
  return { kind: 'texts', cert, key };
}

import { generate } from 'selfsigned';

export interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of the test's own. */
export async function authority(commonName = 'Test CA'): Promise<Pem> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** A certificate signed by `ca` for `localhost` and 127.0.0.1, good for servers and clients. */
export async function issue(ca: Pem, commonName: string, uri = 'urn:test'): Promise<Pem> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 6, value: uri },
        ],
      },
    ],
  });
  return { cert, key };
}

import { readFile } from 'node:fs/promises';
import { createSecureContext, type TlsOptions } from 'node:tls';
import type { Logger } from 'pino';

/** Where the certificate comes from: files that are watched, or PEM texts that stay (`--lan`). */
export type TlsSource = TlsFiles | TlsTexts;

export interface TlsFiles {
  readonly kind: 'files';
  /** PEM file, the server's certificate first, then its intermediates. */
  readonly certFile: string;
  /** PEM file of the private key. */
  readonly keyFile: string;
  /** PEM file of the authorities whose client certificates are trusted; undefined asks clients for none. */
  readonly clientCaFile?: string | undefined;
  /** How often the files are looked at, in milliseconds. Default 5,000. */
  readonly reloadMs?: number | undefined;
}

export interface TlsTexts {
  readonly kind: 'texts';
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** Certificate, key and client authorities as PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

const DEFAULT_RELOAD_MS = 5_000;

export async function loadTls(source: TlsSource): Promise<TlsMaterial> {
  if (source.kind === 'texts') return { cert: source.cert, key: source.key, clientCa: source.clientCa };
  const [cert, key, clientCa] = await Promise.all([
    readFile(source.certFile, 'utf8'),
    readFile(source.keyFile, 'utf8'),
    source.clientCaFile === undefined ? undefined : readFile(source.clientCaFile, 'utf8'),
  ]);
  return { cert, key, clientCa };
}

/**
 * The options of the secure context. Client certificates are asked for, not required: a browser has none. One that
 * does not verify leaves the connection without an identity.
 */
export function secureOptions(material: TlsMaterial): TlsOptions {
  return {
    cert: material.cert,
    key: material.key,
    ca: material.clientCa,
    requestCert: material.clientCa !== undefined,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  };
}

/**
 * Reads the files again and again and reports when their content has changed into something usable. Content is
 * compared, not events: Kubernetes replaces a symbolic link above the files, ACME clients rename over them, network
 * file systems tell nothing. A pair that does not fit (half of it written) is logged and the old one stays.
 */
export class TlsReloader {
  readonly #source: TlsFiles;
  readonly #changed: (material: TlsMaterial) => void;
  readonly #log: Logger;
  #seen: TlsMaterial;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(source: TlsFiles, current: TlsMaterial, changed: (material: TlsMaterial) => void, log: Logger) {
    this.#source = source;
    this.#seen = current;
    this.#changed = changed;
    this.#log = log;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#source.reloadMs ?? DEFAULT_RELOAD_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      const found = await loadTls(this.#source);
      if (!this.#stopped && !sameMaterial(found, this.#seen)) {
        this.#seen = found;
        createSecureContext(secureOptions(found));
        this.#changed(found);
        this.#log.info({ certFile: this.#source.certFile }, 'TLS certificate reloaded');
      }
    } catch (error) {
      this.#log.error(
        { err: error, certFile: this.#source.certFile, keyFile: this.#source.keyFile },
        'TLS files cannot be used; the certificate in use stays',
      );
    }
    if (!this.#stopped) this.#schedule();
  }
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa;
}

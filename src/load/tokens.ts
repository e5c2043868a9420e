import { ClaimError } from '../auth/claim-error.ts';
import { CommandError, readSigningKey, type TokenCommandContext } from '../auth/token-command.ts';
import { signToken } from '../auth/token-signer.ts';
import type { LoadOptions } from './options.ts';

/** A place in a room, for which somebody needs a token. */
export interface Seat {
  /** Index of the participant, over all rooms. */
  readonly index: number;
  readonly room: string;
  readonly hub: boolean;
}

/** Gives tokens. Both reject with CommandError, which says what to do. */
export interface TokenSupply {
  tokenFor(seat: Seat): Promise<string>;
  /** For the services for backends; undefined: there is none to be had. */
  adminToken(): Promise<string | undefined>;
}

/** Tokens outlive the run by this. */
const SPARE_MS = 3_600_000;

export async function tokenSupply(options: LoadOptions, context: TokenCommandContext): Promise<TokenSupply> {
  switch (options.tokens.kind) {
    case 'development':
      return developmentTokens(options);
    case 'file':
      return tokensOf(options.tokens.file, context);
    case 'key file':
      return signedTokens(options, options.tokens, context);
  }
}

async function signedTokens(
  { durationMs, roomPrefix }: LoadOptions,
  { file, kid }: { readonly file: string; readonly kid: string | undefined },
  context: TokenCommandContext,
): Promise<TokenSupply> {
  const key = await readSigningKey(file, kid, context);
  const sign = async (claims: Parameters<typeof signToken>[1]) => {
    const lifetimeMs = durationMs + SPARE_MS;
    try {
      return (await signToken(key, claims, { now: context.now(), lifetimeMs, tokenId: context.newTokenId() }))
        .token;
    } catch (error) {
      if (error instanceof ClaimError) throw new CommandError(error.message);
      throw error;
    }
  };
  return {
    tokenFor: ({ index, room, hub }) =>
      sign({ identity: identityOf(roomPrefix, index), room, create: true, permissions: { hub } }),
    adminToken: () => sign({ identity: `${roomPrefix}operator`, admin: true }),
  };
}

async function tokensOf(file: string, { readFile }: TokenCommandContext): Promise<TokenSupply> {
  const content = await readFile(file).catch((error: unknown) => {
    throw new CommandError(
      `--tokens: cannot read ${file}: ${error instanceof Error ? error.message : error}`,
    );
  });
  const tokens = content.split(/\s+/).filter((token) => token !== '');
  if (tokens.length === 0) throw new CommandError(`--tokens: ${file} holds no token: one a line`);
  return {
    tokenFor: async ({ index }) => tokens[index % tokens.length] ?? '',
    adminToken: async () => undefined,
  };
}

function developmentTokens({ url, roomPrefix }: LoadOptions): TokenSupply {
  const get = async (query: Record<string, string>) => {
    const response = await fetch(`${url}/dev/token?${new URLSearchParams(query)}`).catch((error: unknown) => {
      throw new CommandError(`cannot reach ${url}: ${causeOf(error)}. Start one with: signalbox serve --dev`);
    });
    const answer = await response.text();
    if (response.ok) return answer;
    const said = `${url} gives no tokens by itself (GET /dev/token: ${response.status})`;
    throw new CommandError(`${said}: give --key-file with its key file, or --tokens; or start it with --dev`);
  };
  return {
    tokenFor: ({ index, room, hub }) =>
      get({ identity: identityOf(roomPrefix, index), room, ...(hub && { hub: '1' }) }),
    adminToken: () => get({ admin: '1' }),
  };
}

/** What lies below an error of `fetch`, which says nothing itself. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return causeOf(cause.errors[0]);
  return cause instanceof Error ? causeOf(cause) : error.message;
}

function identityOf(prefix: string, index: number): string {
  return `${prefix}p${index + 1}`;
}

import { parseArgs } from 'node:util';
import { ClaimError } from './claim-error.ts';
import { parseDuration } from './duration.ts';
import { importSecret } from './import-key.ts';
import { KeyFileError, minSecretBytes, parseKeyFile } from './key-file.ts';
import type { PermissionClaim } from './permission-claim.ts';
import { permissionFlags } from './permission-claim.ts';
import type { Claims } from './token-claims.ts';
import { signToken } from './token-signer.ts';

/** The command line cannot be carried out; the message says what to change. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export interface TokenCommandContext {
  /** Key file to use when `--key-file` is not given. */
  readonly keyFile: string | undefined;
  /** Reads a file as UTF-8. */
  readonly readFile: (path: string) => Promise<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newTokenId: () => string;
}

export const tokenUsage = `signalbox token [options]   prints a token signed with a secret of the key file

  --key-file <path>     key file (make one with: signalbox keys new > keys.json)
  --kid <kid>           key to sign with; default the first that has a secret
  --identity <text>     who; default an anonymous identity for each session
  --name <text>         display name
  --room <room>         room, or prefix*; default any room
  --role <text>         the application's label
  --kind <kind>         person, device, media-node, recorder, bot or bridge
  --attr <key=value>    attribute that the client cannot change; may be repeated
  --perm <json>         permissions, such as '{"publish":["microphone"]}'
  --hub --moderate --hidden --mute-messages --no-signal --no-listed --no-update-self
                        permissions one by one
  --create              joining may create the room
  --admin               may call the services for backends; never give this to a client
  --expires-in <time>   30s, 15m, 1h, 7d; default 1h
  --renew-for <time>    the gateway renews the token by itself for so long, inside a session; default never
`;

export const keysUsage = `signalbox keys new [options]   prints a key file with one new secret

  --kid <kid>           name of the key; default main
  --tenant <tenant>     tenant of the tokens that it signs
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const tokenOptions = {
  'key-file': text,
  kid: text,
  identity: text,
  name: text,
  room: text,
  role: text,
  kind: text,
  attr: { type: 'string', multiple: true },
  perm: text,
  signal: flag,
  hub: flag,
  moderate: flag,
  listed: flag,
  'update-self': flag,
  hidden: flag,
  'mute-messages': flag,
  create: flag,
  admin: flag,
  'expires-in': text,
  'renew-for': text,
  help: flag,
} as const;

/** `signalbox token …`: the text to print. `args` are those behind the command. Throws CommandError. */
export async function tokenCommand(args: readonly string[], context: TokenCommandContext): Promise<string> {
  const values = read(args, tokenOptions, tokenUsage);
  if (values.help === true) return tokenUsage;
  const file = values['key-file'] ?? context.keyFile;
  if (file === undefined) {
    throw new CommandError('no key file: give --key-file, or make one with: signalbox keys new > keys.json');
  }
  const key = await readSigningKey(file, values.kid, context);
  try {
    const now = context.now();
    const renewFor = values['renew-for'];
    const claims = {
      ...claimsOf(values),
      ...(renewFor === undefined ? {} : { renewUntil: now + parseDuration(renewFor) }),
    };
    const lifetimeMs = parseDuration(values['expires-in'] ?? '1h');
    const issued = await signToken(key, claims, {
      now,
      lifetimeMs,
      tokenId: context.newTokenId(),
    });
    return `${issued.token}\n`;
  } catch (error) {
    if (error instanceof ClaimError || error instanceof TypeError) throw new CommandError(error.message);
    throw error;
  }
}

/** `signalbox keys …`: the text to print. `random` gives so many random bytes. Throws CommandError. */
export function keysCommand(args: readonly string[], random: (bytes: number) => Uint8Array): string {
  const [action, ...rest] = args;
  if (action === undefined || action === '--help') return keysUsage;
  if (action !== 'new') throw new CommandError(`unknown: keys ${action}\n\n${keysUsage}`);
  const { kid = 'main', tenant = '', help } = read(rest, { kid: text, tenant: text, help: flag }, keysUsage);
  if (help === true) return keysUsage;
  const secret = Buffer.from(random(minSecretBytes)).toString('base64url');
  const file = `${JSON.stringify({ keys: [{ kid, alg: 'HS256', secret, tenant }] }, null, 2)}\n`;
  explain(() => parseKeyFile(file, 'the new key file'));
  return file;
}

/** The key of a key file that signs: the one named `kid`, or the first with a secret. Throws CommandError. */
export async function readSigningKey(
  file: string,
  kid: string | undefined,
  { readFile }: TokenCommandContext,
) {
  let content: string;
  try {
    content = await readFile(file);
  } catch {
    throw new CommandError(`cannot read ${file}; make one with: signalbox keys new > keys.json`);
  }
  const entries = explain(() => parseKeyFile(content, file));
  const entry = entries.find((one) => (kid === undefined ? one.type === 'secret' : one.kid === kid));
  if (entry?.type !== 'secret') {
    const wanted = kid === undefined ? 'no key' : `no key ${JSON.stringify(kid)}`;
    throw new CommandError(`${file} has ${wanted} with a secret to sign with`);
  }
  return { ...entry, alg: 'HS256', key: await importSecret(entry.secret) } as const;
}

type TokenValues = ReturnType<typeof read<typeof tokenOptions>>;

function claimsOf(values: TokenValues): Claims {
  const permissions: Record<string, unknown> = readPermissionOption(values.perm);
  for (const name of permissionFlags) {
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) as keyof TokenValues;
    if (values[option] !== undefined) permissions[name] = values[option];
  }
  const given = {
    identity: values.identity,
    name: values.name,
    room: values.room,
    role: values.role,
    kind: values.kind,
    create: values.create,
    admin: values.admin,
    permissions: Object.keys(permissions).length === 0 ? undefined : (permissions as PermissionClaim),
    attributes: values.attr === undefined ? undefined : Object.fromEntries(values.attr.map(readAttribute)),
  };
  // What the options say is checked where the token is written; absent ones must be absent there.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Claims;
}

function readPermissionOption(json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new CommandError('--perm must be a JSON object, such as \'{"publish":["microphone"]}\'');
}

function readAttribute(option: string): [string, string] {
  const at = option.indexOf('=');
  if (at < 1) throw new CommandError(`--attr must be key=value, not ${JSON.stringify(option)}`);
  return [option.slice(0, at), option.slice(at + 1)];
}

function read<T extends NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object>(
  args: readonly string[],
  options: T,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowNegative: true }).values;
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function explain<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof KeyFileError) throw new CommandError(error.message);
    throw error;
  }
}

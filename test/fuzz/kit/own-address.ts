let made = 0;

/**
 * A loopback address that no other peer of this process has, or 127.0.0.1 where the system has but one. The gateway counts
 * by address what its peers do wrong, and a fuzzer does nothing else.
 */
export function ownAddress(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  made += 1;
  return `127.${1 + (made % 250)}.${1 + (Math.floor(made / 250) % 250)}.${1 + (Math.floor(made / 62_500) % 250)}`;
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `30s`, `15m`, `1h` or `7d` as milliseconds. Throws TypeError with the form that is expected. */
export function parseDuration(text: string): number {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  const unit = match?.[2] as keyof typeof units | undefined;
  if (match === null || unit === undefined) {
    throw new TypeError(`${JSON.stringify(text)} is no duration: write 30s, 15m, 1h or 7d`);
  }
  return Number(match[1]) * units[unit];
}

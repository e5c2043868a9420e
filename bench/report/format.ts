import type { Spread } from './statistics.ts';

/** Three digits that count. */
export function number(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function range({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)}–${number(max)})`;
}

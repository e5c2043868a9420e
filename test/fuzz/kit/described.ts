import type { Input } from '../target.ts';

/** The first part of an input as the JSON object that says how the others are sent; undefined where it is none. */
export function readDescription<T extends object>(input: Input): T | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(input[0] ?? []).toString());
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

export function describedInput(description: object, parts: Input): Input {
  return [new Uint8Array(Buffer.from(JSON.stringify(description))), ...parts];
}

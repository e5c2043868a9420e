import type { Duration } from '@bufbuild/protobuf/wkt';

/** A duration of the schema in milliseconds; undefined where it is absent. */
export function milliseconds(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** Milliseconds as the schema writes a duration. */
export function durationFrom(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

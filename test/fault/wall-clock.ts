/** Milliseconds since 1970, with fractions, as histories count them. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

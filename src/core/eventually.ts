/**
 * A value now or later. The memory engine answers at once, so that the hot path allocates no promise; an engine over a
 * network answers later.
 */
export type Eventually<T> = T | Promise<T>;

/** Uses the value as soon as it is there: in this call, where it is there already. */
export function when<T, R>(value: Eventually<T>, use: (value: T) => Eventually<R>): Eventually<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** Goes on when all of them are there: in this call, where they are there already. */
export function all<T>(
  values: readonly Eventually<T>[],
  then: () => Eventually<unknown> = () => undefined,
): Eventually<unknown> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values).then(then) : then();
}

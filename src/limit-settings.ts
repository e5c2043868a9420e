/**
 * Limits with what is given instead of some of them, by name; notes what is wrong with it. A limit is a number above 0,
 * whole where its default is; a rate may be given in part: `{"burst": 100}`.
 */
export function overrideLimits<Limits extends object>(
  defaults: Limits,
  given: Readonly<Record<string, unknown>>,
  where: string,
  problems: string[],
): Limits {
  const limits: Record<string, unknown> = Object.fromEntries(Object.entries(defaults));
  for (const [name, value] of Object.entries(given)) {
    const path = `${where}.${name}`;
    const usual = Object.hasOwn(defaults, name) ? limits[name] : undefined;
    if (typeof usual !== 'number' && !isRecord(usual)) problems.push(`${path}: there is no such limit`);
    else if (typeof usual === 'number') limits[name] = numberOf(value, usual, path, problems);
    else if (isRecord(value)) limits[name] = overrideLimits(usual, value, path, problems);
    else problems.push(`${path}: must be an object such as {"burst": 100, "perSecond": 10}`);
  }
  return Object.freeze(limits) as Limits;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown, usual: number, path: string, problems: string[]): number {
  const isWhole = Number.isInteger(usual);
  if (typeof value === 'number' && (isWhole ? Number.isInteger(value) && value >= 1 : value > 0))
    return value;
  problems.push(`${path}: must be a ${isWhole ? 'whole number from 1' : 'number above 0'}`);
  return usual;
}

import { it } from 'vitest';

/**
 * Whether a suite that needs something beside npm packages can run. Where it is missing, one test says so: with CI=true it
 * fails, else it tells what to install.
 *
 *   if (needs('coturn', existsSync('/usr/bin/turnserver'))) describe(…)
 */
export function needs(debianPackage: string, isThere: boolean): boolean {
  if (isThere) return true;
  it(`has ${debianPackage} to test with`, () => {
    const advice = `not installed; install it with: sudo apt-get install ${debianPackage}`;
    if (process.env['CI'] === 'true') throw new Error(advice);
    console.warn(`${debianPackage}: ${advice}; its tests did not run`);
  });
  return false;
}

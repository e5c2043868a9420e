import { existsSync } from 'node:fs';

/** For calls in a headless browser. */
export const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--auto-accept-this-tab-capture',
];

/** Where distributions put it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium's path; undefined where there is none. With CI=true its absence is an error: nothing is skipped there. */
export function chromiumPath(): string | undefined {
  const found = [process.env['CHROMIUM'], ...PLACES].find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  const advice = 'Chromium is not installed: `sudo apt-get install chromium`, or name one in CHROMIUM';
  if (process.env['CI'] === 'true') throw new Error(advice);
  console.warn(`${advice}. The browser tests are skipped.`);
  return undefined;
}

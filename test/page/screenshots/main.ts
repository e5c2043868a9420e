import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { pictures } from './call-states.ts';
import { contactSheet, type Shot } from './contact-sheet.ts';
import type { State } from './state.ts';
import { STATES } from './states.ts';
import { Theatre } from './theatre.ts';

const HEIGHTS = new Map([
  [320, 568],
  [360, 740],
  [768, 1024],
  [1280, 800],
  [2560, 1440],
]);
/** Languages other than English: at these widths only. */
const FEWER = [360, 1280];
const HELP = `npm run screenshots -- [options]
  --only NAME      states whose name has this; may be given again
  --width N        one width; may be given again     (360, 768, 1280, 2560)
  --scheme NAME    light or dark                     (both)
  --language NAME  en, zh or rtl; may be given again (en; zh and rtl at 360 and 1280 px)
  --out FOLDER     where the pictures go             (.cache/screenshots)
  --readme         the picture of a call in the README, and nothing else
  --list           names the states`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    width: { type: 'string', multiple: true },
    scheme: { type: 'string', multiple: true, default: ['light', 'dark'] },
    language: { type: 'string', multiple: true, default: ['en', 'zh', 'rtl'] },
    out: { type: 'string', default: join(import.meta.dirname, '../../../.cache/screenshots') },
    list: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.list) for (const { name, title } of STATES) console.log(`${name.padEnd(24)} ${title}`);
else if (values.readme) await takeReadme();
else process.exitCode = (await takeAll()) ? 0 : 1;

/** Four people in a call; one of them shares a screen. */
async function takeReadme(): Promise<void> {
  const theatre = await Theatre.open();
  try {
    const room = 'harbor-festival';
    const page = await theatre.enter({ room });
    const people = [
      ['Mateo', 12],
      ['Leila', 13],
      ['Jun', 30],
    ] as const;
    for (const [name, seed] of people) await theatre.come(room, name, { seed });
    await page.setViewportSize({ width: 1280, height: 720 });
    await pictures(page, people.length);
    await theatre.others('share', 'Leila', 0);
    await page.waitForSelector('.tile.stage.screen');
    await page.mouse.move(0, 0);
    // Encoders begin with little, and come to the full picture.
    await page.waitForTimeout(15_000);
    const path = join(import.meta.dirname, '../../../docs/images/call.png');
    await mkdir(dirname(path), { recursive: true });
    await page.screenshot({ path });
    console.log(path);
  } finally {
    await theatre.close();
  }
}

/** False: a state could not be shown, or did not fit. */
async function takeAll(): Promise<boolean> {
  const { only } = values;
  const states = STATES.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
  if (states.length === 0) throw new Error('no state has such a name: --list names them');
  const theatre = await Theatre.open();
  await mkdir(values.out, { recursive: true });
  const shots: Shot[] = [];
  const problems: string[] = [];
  try {
    for (const language of values.language) {
      theatre.language = language;
      for (const state of states) {
        const began = performance.now();
        const before = problems.length;
        try {
          shots.push(...(await take(theatre, state, language, problems)));
        } catch (error) {
          problems.push(`${state.name} (${language}): ${error instanceof Error ? error.message : error}`);
        }
        await theatre.clean();
        const took = ((performance.now() - began) / 1000).toFixed(1);
        const outcome = problems.length === before ? 'ok' : problems.slice(before).join('; ');
        console.log(`${language} ${state.name.padEnd(24)} ${took.padStart(5)} s  ${outcome}`);
      }
    }
  } finally {
    await theatre.close();
  }
  await writeFile(join(values.out, 'index.html'), contactSheet(states, shots));
  console.log(`${shots.length} pictures: ${join(values.out, 'index.html')}`);
  for (const problem of problems) console.error(`not as it should be: ${problem}`);
  return problems.length === 0;
}

async function take(
  theatre: Theatre,
  state: State,
  language: string,
  problems: string[],
): Promise<readonly Shot[]> {
  const page = await state.show(theatre);
  // Who came has been said long ago.
  if (state.again === undefined) await page.evaluate(withoutNotes);
  // Encoders begin with little, and come to the full picture.
  if ((await page.locator('.tile:not(.own) video').count()) > 0) await page.waitForTimeout(2_500);
  const shots: Shot[] = [];
  const usual = language === 'en' ? [...HEIGHTS.keys()].filter((width) => width !== 320) : FEWER;
  const widths = values.width?.map(Number) ?? usual;
  for (const width of widths) {
    for (const scheme of values.scheme) {
      await page.setViewportSize({ width, height: HEIGHTS.get(width) ?? Math.round(width * 0.625) });
      await page.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light' });
      await state.again?.(page, theatre);
      // What lies under the pointer looks otherwise.
      await page.mouse.move(0, 0);
      const shown = state.frame === undefined ? page : page.frameLocator(state.frame);
      await shown.locator(state.proof).first().waitFor({ state: 'visible', timeout: 30_000 });
      // Tiles glide to their places.
      await page.waitForTimeout(350);
      const file = `${state.name}-${width}-${scheme}${language === 'en' ? '' : `-${language}`}.png`;
      await page.screenshot({ path: join(values.out, file), fullPage: true });
      shots.push({ state: state.name, file, width, scheme, language });
      if (await overflows(page)) problems.push(`${file}: wider than the window`);
    }
  }
  return shots;
}

/** In the page. A sheet of this kind is none that the policy of the page forbids. */
function withoutNotes(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('#notes { display: none !important }');
  document.adoptedStyleSheets.push(sheet);
}

function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

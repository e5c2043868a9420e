import { buildDecoders } from './build.ts';
import { compareWith } from './compare.ts';

// node test/property/decoders/run.ts [frames] [seed] [decoder …]
const frames = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
for (const decoder of buildDecoders(process.argv.slice(4))) {
  if ('why' in decoder) {
    console.log(`${decoder.name}: not at hand (${decoder.why})`);
    continue;
  }
  const started = performance.now();
  const result = await compareWith(decoder, seed, frames);
  const seconds = Math.round((performance.now() - started) / 1000);
  for (const difference of result.differences) console.log(difference);
  console.log(
    `${decoder.name}: ${frames} frames, ${result.accepted} accepted, ${result.reencoded} encoded again, ${result.differences.length} differences (seed ${seed}, ${seconds} s)`,
  );
  if (result.differences.length > 0) process.exitCode = 1;
}

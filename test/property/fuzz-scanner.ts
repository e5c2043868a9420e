import { fuzzScanner } from './fuzz/fuzz.ts';

// node test/property/fuzz-scanner.ts [frames] [seed]
const frames = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
const started = performance.now();
const { accepted, relayed, differences } = fuzzScanner(seed, frames);
const seconds = Math.round((performance.now() - started) / 1000);
for (const difference of differences) console.log(difference);
console.log(
  `protobuf-es, protobufjs: ${frames} frames, ${accepted} accepted, ${relayed} relayed, ${differences.length} differences (seed ${seed}, ${seconds} s)`,
);
if (differences.length > 0) process.exitCode = 1;

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Two fifths of a start are spent on compiling: what was compiled is kept for the next one. Beside the sources, where whoever
// may write could change the program itself; where nobody may, nothing is kept, and NODE_COMPILE_CACHE names another folder.
enableCompileCache(fileURLToPath(new URL('../.cache/compiled', import.meta.url)));

const { explain, run } = await import('./command-line.ts');
run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`signalbox: ${explain(error)}\n`);
    process.exit(1);
  },
);

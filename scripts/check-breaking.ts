import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// `npm run check:breaking`: the schema breaks no client generated from the baseline, an image that
// `npx buf build proto -o proto/baseline/schema-1.binpb` made when the schema was tagged.

const root = fileURLToPath(new URL('..', import.meta.url));
const baseline = 'proto/baseline/schema-1.binpb';

if (!existsSync(join(root, baseline))) {
  console.error(
    `${baseline} is not there: nothing to compare the schema with. Make it with: npx buf build proto -o ${baseline}`,
  );
  process.exitCode = 1;
} else {
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/buf'),
    ['breaking', 'proto', '--against', baseline],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status === 0) console.log(`schema: nothing breaks since ${baseline}`);
  process.exitCode = status ?? 1;
}

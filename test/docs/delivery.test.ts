import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const proofs = [...read('docs/delivery.md').matchAll(/\[([^\]]+)\]\(\.\.\/\1\): \*(.+)\* \|$/gm)];

describe('docs/delivery.md', () => {
  it('names proofs', () => {
    expect(proofs.length).toBeGreaterThan(20);
  });

  it.each(proofs.map(([, file = '', title = '']) => ({ file, title })))(
    'names a test of $file by its title: $title',
    ({ file, title }) => {
      expect(read(file)).toContain(`('${title}'`);
    },
  );

  it('states the promise in the words of SECURITY.md', () => {
    const promise = (path: string) => /^\*(A frame to a participant[^*]+)\*$/m.exec(read(path))?.[1];
    expect(promise('docs/delivery.md')).toBeDefined();
    expect(promise('SECURITY.md')).toBe(promise('docs/delivery.md'));
  });
});

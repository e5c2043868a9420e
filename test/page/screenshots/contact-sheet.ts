import type { State } from './state.ts';

/** One picture. */
export interface Shot {
  readonly state: string;
  /** Beside the contact sheet. */
  readonly file: string;
  readonly width: number;
  readonly scheme: string;
  readonly language: string;
}

/** All pictures on one page, state by state, to look through. */
export function contactSheet(states: readonly State[], shots: readonly Shot[]): string {
  const sections = states.map(({ name, title }) => {
    const pictures = shots
      .filter(({ state }) => state === name)
      .map(
        ({ file, width, scheme, language }) =>
          `<a href="${file}"><img loading="lazy" src="${file}" alt="">${width} ${scheme} ${language}</a>`,
      );
    return `<h2 id="${name}">${title} <small>${name}</small></h2><p>${pictures.join('')}</p>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Call page</title>
<style>
body { margin: 2rem; background: #ddd; font: 15px system-ui, sans-serif }
p { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end }
a { display: grid; gap: .25rem; color: #333; text-decoration: none }
img { height: 300px; border: 1px solid #999 }
small { color: #666; font-weight: normal }
</style>
<h1>Call page: ${shots.length} pictures</h1>
${sections.join('\n')}
</html>
`;
}

import type { Scenario } from '../scenarios/scenario.ts';
import type { DetailedResult } from './results.ts';

type Titled = Pick<Scenario, 'name' | 'title' | 'about'>;

const width = 760;
const left = 170;
const right = 70;
const rowHeight = 20;
const barHeight = 13;
const groupHead = 30;
const top = 54;
const bottom = 24;
/** Marks of the axis, as ratios; the first and the last one are its ends. */
const marks = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];

/** Colours of bars tell cheaper from dearer in light and in dark, and to those who do not see red and green. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .group { font-weight: 600 }
  .quiet { fill: #59636e }
  .grid { stroke: #d1d9e0 }
  .one { stroke: #59636e; stroke-width: 1.5 }
  .less { fill: #2a7fb8 }
  .more { fill: #d9822b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .one { stroke: #9198a1 }
    .less { fill: #4aa3df }
    .more { fill: #e39a4a }
  }`;

/**
 * Draws what each scenario is about, as ratios to the classic server on a logarithmic axis: bars to the left are
 * cheaper, bars to the right dearer, the line in each bar spans the smallest and the largest round. SVG on no ground of its own, for light and dark pages.
 */
export function chart(results: readonly DetailedResult[], scenarios: readonly Titled[]): string {
  const parts: string[] = [];
  let y = top;
  for (const scenario of scenarios) {
    const rows = rowsOf(results, scenario);
    const [first] = rows;
    if (first === undefined) continue;
    const head = `${scenario.title}: ${first.unit}`;
    parts.push(
      `<text x="0" y="${y + 20}"><tspan class="group">${escaped(scenario.name)}</tspan><tspan class="quiet" dx="8">${escaped(head)}</tspan></text>`,
    );
    y += groupHead;
    for (const { subject, ratios } of rows) {
      parts.push(bar(subject, ratios, y));
      y += rowHeight;
    }
  }
  const height = y + bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 ${width + 24} ${height}" width="${width + 24}" height="${height}" role="img" aria-label="Costs beside those of the classic server">
<style>${style}
</style>
<text class="title" x="0" y="20">Beside the classic server, express + ws + JSON (1: equal; less is better)</text>
${axis(y)}
${parts.join('\n')}
</svg>
`;
}

type Row = DetailedResult & { readonly ratios: NonNullable<DetailedResult['ratios']> };

/** What there is a ratio of, the reference itself aside. */
function rowsOf(results: readonly DetailedResult[], { name, about }: Titled): readonly Row[] {
  const ofScenario = results.filter(({ scenario, metric }) => scenario === name && metric === about);
  return ofScenario.filter(
    (result): result is Row => result.ratios !== undefined && result.subject !== 'classic',
  );
}

function bar(subject: string, { median, min, max }: Row['ratios'], y: number): string {
  const one = position(1);
  const end = position(median);
  const middle = y + rowHeight / 2;
  const x = Math.min(one, end);
  return [
    `<text class="quiet" x="${left - 12}" y="${middle + 4}" text-anchor="end">${escaped(subject)}</text>`,
    `<rect class="${median <= 1 ? 'less' : 'more'}" x="${round(x)}" y="${round(middle - barHeight / 2)}" width="${round(Math.max(1, Math.abs(end - one)))}" height="${barHeight}" rx="2"/>`,
    `<line class="one" x1="${round(position(min))}" x2="${round(position(max))}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${width - right + 12}" y="${middle + 4}">${median.toFixed(2)} ×</text>`,
  ].join('');
}

function axis(end: number): string {
  return marks
    .map((mark) => {
      const x = round(position(mark));
      const label = mark < 1 ? `1/${1 / mark}` : String(mark);
      return (
        `<line class="${mark === 1 ? 'one' : 'grid'}" x1="${x}" x2="${x}" y1="${top - 10}" y2="${end + 4}"/>` +
        `<text class="quiet" x="${x}" y="${top - 16}" text-anchor="middle">${label}</text>`
      );
    })
    .join('\n');
}

/** Where a ratio stands on the axis; beyond its ends, at the end. */
function position(ratio: number): number {
  const first = Math.log2(marks[0] ?? 1);
  const last = Math.log2(marks.at(-1) ?? 1);
  const share = (Math.log2(ratio) - first) / (last - first);
  return left + Math.min(1, Math.max(0, share)) * (width - right - left);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** A piece of a text that somebody wrote: to be shown as text, or as a link whose text it is. Never HTML. */
export type Part = { readonly text: string } | { readonly text: string; readonly link: string };

/** What may be a link: it ends at white space, quotes and angle brackets. */
const CANDIDATE = /https?:\/\/[^\s<>"'`\u2018\u2019\u201c\u201d\u3000-\u303f\uff00-\uffef]+/giu;
/** Ends sentences rather than addresses. */
const TRAILING = '.,:;!?\u2026';
const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** The parts of a text; joined, their texts are the text. Only http and https addresses are links. */
export function parts(text: string): readonly Part[] {
  const found: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = trimmed(match[0]);
    const link = hrefOf(address);
    if (link === undefined) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: address, link });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** Without what belongs to the sentence around it: its end, and brackets that were opened before. */
function trimmed(address: string): string {
  const excess = new Map(
    Object.entries(OPENING).map(([close, open]) => [close, count(address, close) - count(address, open)]),
  );
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address.charAt(end - 1);
    const unopened = excess.get(last) ?? 0;
    if (unopened > 0) excess.set(last, unopened - 1);
    else if (!TRAILING.includes(last)) break;
  }
  return address.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** What begins with http may be no address all the same. */
function hrefOf(address: string): string | undefined {
  return URL.parse(address)?.href;
}

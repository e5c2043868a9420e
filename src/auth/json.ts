/**
 * Parses JSON that holds secrets. The engine's own message quotes the text around the fault and would carry a secret
 * into the log; this one gives the place only.
 */
export function parseJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (text.trim() === '') return { problem: 'is empty' };
    const place = /at position \d+ \((line \d+ column \d+)\)$/.exec(String(error))?.[1];
    return { problem: place === undefined ? 'is not valid JSON' : `is not valid JSON at ${place}` };
  }
}

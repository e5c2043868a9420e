/** The time of this second as HTTP says it (RFC 9110, section 5.6.7). */
const said = { second: Number.NaN, text: '' };

/** The time as HTTP says it: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== said.second) {
    said.second = second;
    said.text = new Date(now).toUTCString();
  }
  return said.text;
}

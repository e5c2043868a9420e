/** How times of messages are written: in the zone and the habits of the reader. `now` decides whether the day is needed. */
export function clock(locale?: string, timeZone?: string): (at: Date, now: Date) => string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...zone });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...zone });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', ...zone });
  const year = new Intl.DateTimeFormat('en', { year: 'numeric', ...zone });
  return (at, now) => {
    if (full.format(at) === full.format(now)) return time.format(at);
    const date = year.format(at) === year.format(now) ? day.format(at) : full.format(at);
    return `${date}, ${time.format(at)}`;
  };
}

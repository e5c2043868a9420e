/** A name and its value, each as Latin-1 text. */
export interface Entry {
  readonly name: string;
  readonly value: string;
}

/** Entries of the static table; those of the dynamic table are counted from the next number on. */
export const STATIC_ENTRIES = 61;

/** RFC 7541, appendix A. The place of an entry is its index; there is none at 0. */
export const STATIC_TABLE: readonly (Entry | undefined)[] = [
  undefined,
  ...`:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204
:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate
accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control
content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since
last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after
server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
    .split(/[|\n]/)
    .map((entry) => {
      const [name = '', value = ''] = entry.split('=');
      return { name, value };
    }),
];

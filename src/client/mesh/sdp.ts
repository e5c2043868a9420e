/** What a session description says of one media section (RFC 8866 5.14, RFC 8829 5.2). */
export interface SdpSection {
  readonly mid: string;
  readonly kind: 'audio' | 'video' | 'application' | 'other';
  /** The side that wrote the description sends media here. */
  readonly sends: boolean;
  /** … and takes media here. */
  readonly receives: boolean;
}

/** The media sections of a description, rejected ones left out. */
export function sdpSections(sdp: string): readonly SdpSection[] {
  const [head = '', ...sections] = sdp.split(/^m=/m);
  const common = direction(head) ?? 'sendrecv';
  return sections.flatMap((section) => {
    const [, media = '', port] = /^(\S+) (\d+)/.exec(section) ?? [];
    const mid = attribute(section, 'mid');
    // Port 0 rejects a section, save for one whose transport a BUNDLE group shares (RFC 8843 7.1.3).
    const rejected = port === '0' && !/^a=bundle-only\s*$/m.test(section);
    if (mid === undefined || rejected) return [];
    const way = direction(section) ?? common;
    return {
      mid,
      kind: media === 'audio' || media === 'video' || media === 'application' ? media : 'other',
      sends: way === 'sendrecv' || way === 'sendonly',
      receives: way === 'sendrecv' || way === 'recvonly',
    };
  });
}

/** The ICE user name fragments of a description: new ones begin a new ICE generation (RFC 8839 4.4.1.1.1). */
export function iceFragments(sdp: string): ReadonlySet<string> {
  return new Set([...sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)].flatMap(([, fragment]) => fragment ?? []));
}

function direction(text: string): string | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(text)?.[1];
}

function attribute(section: string, name: string): string | undefined {
  return new RegExp(`^a=${name}:(\\S+)`, 'm').exec(section)?.[1];
}

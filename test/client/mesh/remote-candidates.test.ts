import { beforeEach, describe, expect, it } from 'vitest';
import { RemoteCandidates } from '../../../src/client/mesh/remote-candidates.ts';

const described = (fragment: string) => `v=0\r\nm=application 9 x\r\na=ice-ufrag:${fragment}\r\n`;

describe('remote candidates', () => {
  const added: (string | undefined)[] = [];
  let candidates: RemoteCandidates;

  beforeEach(() => {
    added.length = 0;
    const rtc = {
      addIceCandidate: async ({ candidate }: RTCIceCandidateInit) => {
        if (candidate === 'broken') throw new Error('not taken');
        added.push(candidate);
      },
    };
    candidates = new RemoteCandidates(rtc as unknown as RTCPeerConnection, undefined);
  });

  it('wait for their description, in order', async () => {
    await candidates.arrived(1, { candidate: 'a' });
    await candidates.arrived(1, { candidate: 'b', usernameFragment: 'one' });
    await candidates.arrived(2, { candidate: 'c' });
    expect(added).toEqual([]);
    await candidates.described(1, described('one'));
    expect(added).toEqual(['a', 'b']);
    await candidates.described(2, described('one'));
    expect(added).toEqual(['a', 'b', 'c']);
  });

  it('are added at once when the generation is known, whatever their round', async () => {
    await candidates.described(3, described('one'));
    await candidates.arrived(1, { candidate: 'late', usernameFragment: 'one' });
    await candidates.arrived(5, { candidate: 'x 1 udp 1 192.0.2.1 9 typ host ufrag one' });
    await candidates.arrived(2, { candidate: 'untold' });
    expect(added).toEqual(['late', 'x 1 udp 1 192.0.2.1 9 typ host ufrag one', 'untold']);
  });

  it('of a generation that is over are dropped', async () => {
    await candidates.described(1, described('one'));
    await candidates.described(2, described('two'));
    await candidates.arrived(1, { candidate: 'old', usernameFragment: 'one' });
    expect(added).toEqual([]);
  });

  it('that the stack refuses do not keep others from being added', async () => {
    await candidates.arrived(1, { candidate: 'broken' });
    await candidates.arrived(1, { candidate: '' });
    await candidates.arrived(1, { candidate: 'good' });
    await candidates.described(1, described('one'));
    expect(added).toEqual(['good']);
  });
});

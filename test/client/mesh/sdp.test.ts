import { expect, it } from 'vitest';
import { iceFragments, sdpSections } from '../../../src/client/mesh/sdp.ts';

const SDP = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 3',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=ice-ufrag:abcd',
  'a=sendrecv',
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  'a=bundle-only',
  'a=recvonly',
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  'a=mid:2',
  'a=inactive',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:3',
  'a=ice-ufrag:efgh',
  '',
].join('\r\n');

it('reads who sends and receives in each section, and leaves rejected ones out', () => {
  expect(sdpSections(SDP)).toEqual([
    { mid: '0', kind: 'audio', sends: true, receives: true },
    { mid: '1', kind: 'video', sends: false, receives: true },
    { mid: '3', kind: 'application', sends: true, receives: true },
  ]);
});

it('reads the ICE user name fragments', () => {
  expect([...iceFragments(SDP)]).toEqual(['abcd', 'efgh']);
});

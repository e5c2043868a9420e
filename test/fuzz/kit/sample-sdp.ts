/** Descriptions as Chromium, Firefox and libwebrtc on a phone write them, shortened to what differs. */
const fingerprint =
  'a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08';

const chromium = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS stream',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
  'a=ice-options:trickle',
  fingerprint,
  'a=setup:actpass',
  'a=mid:0',
  'a=sendrecv',
  'a=msid:stream audio',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:EsAw',
  'a=mid:1',
  'a=sendonly',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 nack pli',
  'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
  'a=bundle-only',
  'a=mid:2',
  'a=sctp-port:5000',
  '',
].join('\r\n');

const firefox = [
  'v=0',
  'o=mozilla...THIS_IS_SDPARTA-99.0 5812547389123456789 0 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=sendrecv',
  fingerprint,
  'a=group:BUNDLE 0 1',
  'a=ice-options:trickle',
  'm=audio 0 UDP/TLS/RTP/SAVPF 109',
  'a=inactive',
  'a=mid:0',
  'm=video 44821 UDP/TLS/RTP/SAVPF 120',
  'c=IN IP4 198.51.100.7',
  'a=candidate:0 1 UDP 2122252543 192.0.2.4 44821 typ host',
  'a=recvonly',
  'a=ice-pwd:7dd1b4a6d4b24a1d0f1f7d7f8b6f8a3e',
  'a=ice-ufrag:9a2c4e6f',
  'a=mid:1',
  'a=end-of-candidates',
  '',
].join('\r\n');

/** LF alone, no media. */
const bare = 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=größer 𝄞\nt=0 0\n';

export const sampleSdps: readonly string[] = [
  chromium,
  firefox,
  bare,
  JSON.stringify({ type: 'offer', sdp: chromium }),
];

export const sampleCandidates: readonly string[] = [
  'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.1 rport 46154 generation 0 ufrag EsAw network-cost 999',
  'a=candidate:1 2 TCP 1518280447 2001:db8::7 9 typ host tcptype active',
  'candidate:3 1 UDP 1 0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d.local 5000 typ host',
  '',
  '{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}',
];

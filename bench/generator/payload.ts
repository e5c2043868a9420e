import { COUNT_MARK } from './template.ts';

/** What peers say to each other through the server. */
export type Kind = 'offer' | 'answer' | 'candidate';

export const connectionId = 'main';
export const negotiationId = 1;
const ufrag = 'Zk8q';

/** A candidate as Chromium writes it, the count in place of its foundation: the whole JSON message has about 300 bytes. */
export const candidate = {
  candidate: `candidate:${COUNT_MARK} 1 udp 1677732095 203.0.113.147 51472 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag ${ufrag}`,
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: ufrag,
};

/** Descriptions as large as Chromium's with audio and video: an offer of 5.8 KB, an answer of 4.6 KB. */
export const descriptions = { offer: description('actpass', 5800), answer: description('active', 4600) };

/** The count stands in the session id. Codec and extension lines fill it up to `bytes`, as they do in real ones. */
function description(setup: string, bytes: number): string {
  const lines = [
    'v=0',
    `o=- 42197${COUNT_MARK}83 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS 3e9a1f7c-5b64-4d8e-9a70-2f8c61b0d5aa',
    ...section('audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126', '0', setup),
    ...section('video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105 106 107 108 109 127 125 39 40', '1', setup),
  ];
  let text = `${lines.join('\r\n')}\r\n`;
  for (let payloadType = 35; text.length < bytes; payloadType += 1) {
    const codec = [
      `a=rtpmap:${payloadType} H264/90000`,
      `a=rtcp-fb:${payloadType} goog-remb`,
      `a=rtcp-fb:${payloadType} transport-cc`,
      `a=rtcp-fb:${payloadType} ccm fir`,
      `a=rtcp-fb:${payloadType} nack pli`,
      `a=fmtp:${payloadType} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f`,
    ];
    text += `${codec.join('\r\n')}\r\n`;
  }
  return `${text.slice(0, bytes - 2)}\r\n`;
}

function section(media: string, mid: string, setup: string): string[] {
  const print = Array.from({ length: 32 }, (_, index) => (index * 37 + 16).toString(16).slice(-2)).join(':');
  return [
    `m=${media}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:h5nQ1DkXo3s8uXxDqJ6pVw2e',
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${print.toUpperCase()}`,
    `a=setup:${setup}`,
    `a=mid:${mid}`,
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtcp-rsize',
  ];
}

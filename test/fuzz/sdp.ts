import { create, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { IceCandidateSchema } from '../../gen/signalbox/v1/signal_pb.ts';
import { RemoteCandidates } from '../../src/client/mesh/remote-candidates.ts';
import { iceFragments, sdpSections } from '../../src/client/mesh/sdp.ts';
import { FrameScan, scanClientFrame } from '../../src/core/wire/scan.ts';
import { candidateInit, isCandidateType, readCandidates } from '../../src/lanes/classic/candidates.ts';
import { isFault, parseClassic } from '../../src/lanes/classic/classic-message.ts';
import { originOf, readDescription, sdpTypeOf } from '../../src/lanes/classic/description.ts';
import type { Random } from '../property/fuzz/random.ts';
import { glue, mutateBytes } from './kit/mutate-bytes.ts';
import { wrong } from './kit/rpc-verdict.ts';
import { sampleCandidates, sampleSdps } from './kit/sample-sdp.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

const utf8 = new TextDecoder();

/**
 * Session descriptions and candidates, as the SDK and the classic dialect read them. The first part of an input is a
 * description, the second a candidate.
 */
export const sdpTarget: FuzzTarget = {
  name: 'sdp',
  async open(): Promise<OpenTarget> {
    return {
      seeds: sampleSdps.flatMap((sdp) =>
        sampleCandidates.map((candidate) => [Buffer.from(sdp), Buffer.from(candidate)]),
      ),
      width: 8,
      costMs: 100,
      generate,
      run,
      faults: () => [],
      check: async () => {},
      close: async () => {},
    };
  },
};

async function run(input: Input): Promise<Verdict> {
  const sdp = utf8.decode(input[0]);
  const candidate = utf8.decode(input[1]);
  return readBySdk(sdp, candidate) ?? (await readLate(sdp, candidate)) ?? readByClassic(sdp, candidate);
}

/** The SDK's readers, beside a reader of lines that knows nothing of theirs. */
function readBySdk(sdp: string, _candidate: string): Verdict | undefined {
  const lines = sdp.split(/[\n\r\u2028\u2029]/);
  const fragments = new Set(lines.flatMap((line) => /^a=ice-ufrag:([^\s]+)/.exec(line)?.[1] ?? []));
  const found = iceFragments(sdp);
  if (fragments.size !== found.size || [...fragments].some((fragment) => !found.has(fragment))) {
    return wrong(
      `ICE fragments ${JSON.stringify([...found])}, line by line ${JSON.stringify([...fragments])}`,
    );
  }
  const sections = sdpSections(sdp);
  const media = lines.filter((line) => line.startsWith('m=')).length;
  if (sections.length > media) return wrong(`${sections.length} sections of ${media} media lines`);
  const odd = sections.find(({ mid }) => mid === '' || /\s/.test(mid));
  return odd === undefined ? undefined : wrong(`a section with mid ${JSON.stringify(odd.mid)}`);
}

/** Candidates before and after their description, to a stack that takes none. */
async function readLate(sdp: string, candidate: string): Promise<Verdict | undefined> {
  const taken: string[] = [];
  const rtc = {
    async addIceCandidate(init: RTCIceCandidateInit) {
      taken.push(init.candidate ?? '');
      throw new TypeError('not taken');
    },
  } as unknown as RTCPeerConnection;
  const candidates = new RemoteCandidates(rtc, undefined);
  const [one, two] = [{ candidate }, { candidate, usernameFragment: 'EsAw' }];
  await candidates.arrived(1, one);
  await candidates.described(1, sdp);
  await candidates.arrived(1, two);
  await candidates.arrived(2, one);
  return taken.length <= 4 ? undefined : wrong(`${taken.length} candidates of four`);
}

/** What a page sends becomes a frame that the gateway's own scanner takes. */
function readByClassic(sdp: string, candidate: string): Verdict {
  const origin = originOf(sdp);
  if (/\s/.test(origin)) return wrong(`o= session id ${JSON.stringify(origin)}`);
  let read = 0;
  for (const message of pageMessages(sdp, candidate)) {
    const parsed = parseClassic(Buffer.from(JSON.stringify(message)));
    if (isFault(parsed)) continue;
    const sdpType = sdpTypeOf(parsed.type);
    const isCandidates = isCandidateType(parsed.type);
    const value = sdpType === undefined ? readCandidates(parsed) : readDescription(parsed, sdpType);
    if ('field' in value) continue;
    read += 1;
    const payload = isCandidates
      ? { case: 'candidates' as const, value: value as object }
      : { case: 'description' as const, value: value as object };
    const frame = create(ClientFrameSchema, {
      seq: 1,
      body: { case: 'signal', value: { to: 'p', payload } },
    });
    const fault = scanClientFrame(toBinary(ClientFrameSchema, frame), new FrameScan());
    if (fault !== undefined) return wrong(`what a page sent makes a frame that is refused: ${fault.detail}`);
    for (const each of 'candidates' in value ? (value.candidates ?? []) : []) {
      candidateInit(create(IceCandidateSchema, each));
    }
  }
  return { kind: read > 0 ? 'accepted' : 'nothing read' };
}

/** The forms in which pages were seen to send both. */
function pageMessages(sdp: string, candidate: string): readonly object[] {
  const init = { candidate, sdpMid: '0', sdpMLineIndex: 0 };
  const inside: unknown = safelyParsed(sdp);
  return [
    { type: 'offer', to: 'p', data: { type: 'offer', sdp } },
    { type: 'answer', to: 'p', data: sdp },
    { type: 'offer', to: 'p', sdp: inside },
    { type: 'pranswer', to: 'p', data: { description: { sdp } } },
    { type: 'candidate', to: 'p', data: init },
    { type: 'ice-candidate', to: 'p', data: candidate },
    { type: 'candidates', to: 'p', data: [init, { candidate: init }, candidate, null] },
    { type: 'ice', to: 'p', data: { candidates: [[init]] } },
    { type: 'candidate', to: 'p', data: safelyParsed(candidate) },
  ];
}

function safelyParsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function generate(random: Random, pool: readonly Input[]): Input {
  const [sdp = new Uint8Array(0), candidate = new Uint8Array(0)] = random.pick(pool);
  const [otherSdp = sdp, otherCandidate = candidate] = random.pick(pool);
  const changed = random.chance(3)
    ? mutateBytes(random, sdp, [otherSdp, otherCandidate])
    : changeLines(random, sdp, otherSdp);
  const changedCandidate = random.chance(2)
    ? mutateBytes(random, candidate, [otherCandidate])
    : changeWords(random, candidate);
  return [changed, changedCandidate];
}

const VALUES = [
  '',
  ' ',
  '0',
  '-1',
  '65536',
  '4294967296',
  '__proto__',
  'a=',
  'm=',
  'o=',
  '\u2028',
  '\r',
  'ufrag',
  '{',
  '[',
  '"',
];
const LINES = [
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'a=ice-ufrag:x',
  'a=sendrecv ',
  'a=bundle-only',
  'o=- 1 2 IN IP4 0',
  'm=',
  'a=ice-ufrag:',
  'v=0',
  '',
];

function changeLines(random: Random, sdp: Uint8Array, other: Uint8Array): Uint8Array {
  const lines = Buffer.from(sdp).toString('latin1').split('\n');
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) {
    const at = random.below(lines.length);
    const line = lines[at] ?? '';
    switch (random.below(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(random.below(lines.length + 1), 0, line);
        break;
      case 2:
        lines.splice(at, 0, random.pick(LINES));
        break;
      case 3:
        lines.splice(at, 0, ...Buffer.from(other).toString('latin1').split('\n').slice(random.below(20)));
        break;
      case 4:
        lines[at] = Buffer.from(changeWords(random, Buffer.from(line, 'latin1'))).toString('latin1');
        break;
      case 5:
        lines[at] = line.slice(0, random.below(line.length + 1));
        break;
      case 6:
        lines[at] = `${line}${random.pick(VALUES)}`;
        break;
      default:
        // As large as a signal may be: what is quadratic shows.
        if (random.chance(10)) lines[at] = repeated(random, line);
    }
  }
  return Buffer.from(lines.slice(0, 20_000).join(random.chance(10) ? '\r' : '\n'), 'latin1');
}

function repeated(random: Random, line: string): string {
  const unit = random.pick([
    line || 'a',
    'a=ice-ufrag:',
    'o=',
    ' ',
    '\n',
    '\nm=',
    '\na=mid:0',
    '\r\n',
    'ufrag ',
    '[',
    '{"a":',
  ]);
  return unit.repeat(Math.floor(random.pick([1_000, 250_000]) / unit.length));
}

function changeWords(random: Random, bytes: Uint8Array): Uint8Array {
  const words = Buffer.from(bytes)
    .toString('latin1')
    .split(/(?<=[ :=/])/);
  const at = random.below(words.length);
  if (random.chance(3)) words.splice(at, 1);
  else if (random.chance(2)) words.splice(at, 0, random.pick(words), random.pick(VALUES));
  else words[at] = `${random.pick(VALUES)} `;
  return glue(Buffer.from(words.join(''), 'latin1'));
}

import type { Random } from '../property/fuzz/random.ts';
import { describedInput, readDescription } from './kit/described.ts';
import { FuzzedGateway, lastingToken } from './kit/fuzzed-gateway.ts';
import { ILLEGAL_NAMES, ILLEGAL_VALUES, MARK, METHODS, NAMES, PATHS, VALUES } from './kit/header-samples.ts';
import { encodeFields, type Field } from './kit/hpack.ts';
import { readHttp1 } from './kit/http1-answer.ts';
import { readHttp2 } from './kit/http2-answer.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  http2Frame,
  PREFACE,
  settings,
  writeFrame,
} from './kit/http2-frames.ts';
import { glue } from './kit/mutate-bytes.ts';
import { exchangeBytes } from './kit/raw-peer.ts';
import { type Request, requests } from './kit/requests.ts';
import { type HttpAnswer, judgeAnswer, wrong } from './kit/rpc-verdict.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

/** One request: the first part of an input, as JSON. The second is its body. Texts are Latin-1. */
interface Described {
  readonly version: '1.1' | '2';
  readonly method: string;
  readonly path: string;
  /** HTTP/2: pseudo-headers among them. */
  readonly fields: readonly Field[];
}

/** Headers of HTTP/1.1 and HTTP/2 requests. The answer must be one of the caller's own protocol. */
export const headersTarget: FuzzTarget = {
  name: 'headers',
  async open(): Promise<OpenTarget> {
    const gateway = await FuzzedGateway.start();
    const authorization: Field = ['authorization', `Bearer ${await lastingToken('backend', { adm: true })}`];
    const upgrade: Request = {
      method: 'GET',
      path: '/ws',
      fields: [
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
        ['sec-websocket-version', '13'],
        ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['sec-websocket-protocol', 'signalbox.v1.json'],
      ],
      body: new Uint8Array(0),
    };
    const admin = requests.map((request) => ({ ...request, fields: [authorization, ...request.fields] }));
    return {
      seeds: [...requests, ...admin, upgrade].flatMap((request) => [overHttp1(request), overHttp2(request)]),
      width: 24,
      costMs: 1000,
      generate,
      run: (input) => run(gateway.port, input),
      faults: () => gateway.faults(),
      check: () => gateway.check(),
      close: () => gateway.close(),
    };
  },
};

/** Shrinking leaves out what it can. */
function isDescribed(request: Described | undefined): request is Described {
  if (request === undefined || !Array.isArray(request.fields)) return false;
  const fields: readonly unknown[] = request.fields;
  const isText = (text: unknown): boolean => typeof text === 'string';
  return fields.every((field) => Array.isArray(field) && field.length === 2 && field.every(isText));
}

function overHttp1({ method, path, fields, body }: Request): Input {
  const length: Field[] = body.length > 0 ? [['content-length', String(body.length)]] : [];
  const described: Described = {
    version: '1.1',
    method,
    path,
    fields: [['host', '127.0.0.1'], ...fields, ...length],
  };
  return describedInput(described, [body]);
}

function overHttp2({ method, path, fields, body }: Request): Input {
  const pseudo: Field[] = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', '127.0.0.1'],
    [':path', path],
  ];
  return describedInput({ version: '2', method, path, fields: [...pseudo, ...fields] } satisfies Described, [
    body,
  ]);
}

async function run(port: number, input: Input): Promise<Verdict> {
  const request = readDescription<Described>(input);
  if (!isDescribed(request)) return { kind: 'no request' };
  const body = input[1] ?? new Uint8Array(0);
  if (request.version === '2') return runHttp2(port, request, body);
  const lines = request.fields.map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  const { bytes } = await exchangeBytes(port, [head, body]);
  const answers = readHttp1(bytes, request.method === 'HEAD');
  if (typeof answers === 'string') return wrong(`what the gateway sent is no HTTP: ${answers}`);
  const [answer] = answers;
  return answer === undefined ? { kind: 'no answer' } : judge(answer, request);
}

async function runHttp2(port: number, { fields }: Described, body: Uint8Array): Promise<Verdict> {
  const isWhole = body.length === 0;
  const block = encodeFields(fields);
  const frames = [
    http2Frame(FrameType.SETTINGS, 0, 0, settings([2, 0])),
    http2Frame(FrameType.SETTINGS, 1, 0, new Uint8Array(0)),
    ...headerFrames(block, isWhole ? END_STREAM : 0),
    ...(isWhole ? [] : [http2Frame(FrameType.DATA, END_STREAM, 1, body)]),
  ];
  const { bytes } = await exchangeBytes(port, [glue(PREFACE, ...frames.map(writeFrame))]);
  const { streams, goAway, fault } = readHttp2(bytes);
  if (fault !== undefined) return wrong(`what the gateway sent is no HTTP/2: ${fault}`);
  const stream = streams.find((each) => each.stream === 1);
  if (stream?.headers === undefined) {
    if (stream?.reset === 2) return wrong('RST_STREAM INTERNAL_ERROR');
    return {
      kind: stream?.reset === undefined ? `no answer, GOAWAY ${goAway}` : `RST_STREAM ${stream.reset}`,
    };
  }
  const method = fields.find(([name]) => name === ':method')?.[1] ?? '';
  return judge(
    { ...stream, headers: stream.headers, status: Number(stream.headers.get(':status')) },
    { version: '2', method, path: '', fields },
  );
}

/** A header block in as many frames as it needs. */
function headerFrames(block: Uint8Array, flags: number) {
  const frames = [];
  for (let at = 0; at === 0 || at < block.length; at += 16_384) {
    const isLast = at + 16_384 >= block.length;
    const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
    const own = (at === 0 ? flags : 0) | (isLast ? END_HEADERS : 0);
    frames.push(http2Frame(type, own, 1, block.subarray(at, at + 16_384)));
  }
  return frames;
}

function judge(answer: HttpAnswer, request: Described): Verdict {
  if ([...answer.headers.keys(), ...(answer.trailers?.keys() ?? [])].includes(MARK)) {
    return wrong('a value came back as a header of its own');
  }
  const { status, headers } = answer;
  // An answer to HEAD has no body, whatever it says.
  if (request.method === 'HEAD')
    return status === 500 ? wrong('HTTP status 500') : { kind: `HEAD ${status}` };
  const sent = Object.fromEntries(
    request.fields.map(([name, value]) => [String(name).toLowerCase(), String(value)]),
  );
  if (status === 101) {
    const isDue = sent['sec-websocket-key'] !== undefined && headers.has('sec-websocket-accept');
    return isDue ? { kind: 'accepted 101' } : wrong('an upgrade without a key');
  }
  const type = headers.get('content-type')?.toLowerCase() ?? '';
  const asked = sent['content-type']?.trim().toLowerCase() ?? '';
  // The caller's own protocol, where what it said of itself was said once and plainly.
  const isPlain =
    request.fields.filter(([name]) => String(name).toLowerCase() === 'content-type').length === 1;
  const isMethod = request.method === 'POST';
  if (
    isPlain &&
    isMethod &&
    status === 200 &&
    /^application\/(grpc|grpc-web|connect)\b/.test(asked) &&
    !type.startsWith(asked.split(/[+;]/)[0] ?? '')
  ) {
    return wrong(`asked in ${asked}, answered in ${type}`);
  }
  return judgeAnswer(answer);
}

function generate(random: Random, pool: readonly Input[]): Input {
  const input = random.pick(pool);
  let request = readDescription<Described>(input) ?? { version: '1.1', method: 'GET', path: '/', fields: [] };
  const rounds = 1 + random.below(3);
  for (let round = 0; round < rounds; round += 1) request = changeRequest(random, request);
  return describedInput(request, input.slice(1));
}

function changeRequest(random: Random, request: Described): Described {
  const { fields } = request;
  const at = random.below(fields.length + 1);
  const field = fields[at];
  const name = random.pick(random.chance(10) ? ILLEGAL_NAMES : NAMES);
  const value = random.pick(random.chance(10) ? ILLEGAL_VALUES : VALUES);
  switch (random.below(12)) {
    case 0:
      return withPseudo({ ...request, method: random.pick(METHODS) }, ':method', random.pick(METHODS));
    case 1: {
      const path = random.pick(PATHS);
      return withPseudo({ ...request, path }, ':path', path);
    }
    case 2:
      return { ...request, fields: fields.toSpliced(at, 1) };
    case 3:
      return field === undefined ? request : { ...request, fields: [...fields, field] };
    case 4:
      return { ...request, fields: many(random, fields, name) };
    case 5:
      return field === undefined
        ? request
        : { ...request, fields: fields.with(at, [field[0], changeText(random, field[1])]) };
    case 6:
      return field === undefined
        ? request
        : { ...request, fields: fields.with(at, [changeText(random, field[0]), field[1]]) };
    case 7:
    case 8:
      return field === undefined ? request : { ...request, fields: fields.with(at, [field[0], value]) };
    default:
      // Mostly behind the pseudo-headers: before them a field ends the request.
      return {
        ...request,
        fields: fields.toSpliced(random.chance(10) ? at : fields.length, 0, [name, value]),
      };
  }
}

function withPseudo(request: Described, name: string, value: string): Described {
  return { ...request, fields: request.fields.map((field) => (field[0] === name ? [name, value] : field)) };
}

/** Many fields, or much in one. */
function many(random: Random, fields: readonly Field[], name: string): Field[] {
  if (random.chance(2))
    return [
      ...fields,
      [name, random.pick(['a', ',', ' ', '\u00ff', 'a,']).repeat(random.pick([100, 4000, 8100, 20_000]))],
    ];
  const count = random.pick([50, 99, 101, 300]);
  return [
    ...fields,
    ...Array.from(
      { length: count },
      (_, index): Field => [random.chance(2) ? name : `x-${index}`, random.pick(['', 'a', 'b'])],
    ),
  ];
}

function changeText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const mark = random.pick([
    ' ',
    '\t',
    '\u0000',
    '\r',
    '\n',
    ',',
    ';',
    ':',
    '/',
    '\u00ff',
    '"',
    '%',
    'A',
    '',
  ]);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + mark + text.slice(at);
    case 2:
      return text.slice(0, at) + mark + text.slice(at + 1);
    case 3:
      return text.toUpperCase();
    default:
      return `${text}${random.pick([', ', ';', ' '])}${text}`;
  }
}

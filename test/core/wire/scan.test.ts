import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { SignalKind } from '../../../gen/signalbox/v1/signal_pb.ts';
import { MAX_VALUES } from '../../../src/core/wire/record-checker.ts';
import { FrameScan, MESSAGE_BODY, SIGNAL_BODY, scanClientFrame } from '../../../src/core/wire/scan.ts';
import { join, lengthField, stretched, tag, varint, varintField } from './bytes.ts';

function encode(frame: MessageInitShape<typeof ClientFrameSchema>): Uint8Array {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, frame));
}

function accept(bytes: Uint8Array): FrameScan {
  const scan = new FrameScan();
  expect(scanClientFrame(bytes, scan)).toBeUndefined();
  return scan;
}

function refusal(bytes: Uint8Array): string | undefined {
  return scanClientFrame(bytes, new FrameScan())?.detail;
}

const signal = (...fields: Uint8Array[]) => lengthField(3, join(...fields));
const message = (...fields: Uint8Array[]) => lengthField(4, join(...fields));
const join17 = (...fields: Uint8Array[]) => lengthField(17, join(...fields));

describe('what the scan finds', () => {
  it('finds the receiver and the kind of an offer', () => {
    const bytes = encode({
      seq: 4_294_967_295,
      ack: 300,
      body: {
        case: 'signal',
        value: {
          to: 'p1',
          connectionId: 'main.k3f9',
          negotiationId: 7,
          payload: { case: 'description', value: { sdpType: 1, sdp: 'v=0\r\n', media: [{ mid: '0' }] } },
          wantReceipt: true,
          room: 'öffentlich',
        },
      },
    });
    const scan = accept(bytes);
    expect(scan).toMatchObject({ seq: 4_294_967_295, ack: 300, body: SIGNAL_BODY });
    expect(scan.signal).toEqual({
      to: 'p1',
      room: 'öffentlich',
      connectionIdBytes: 9,
      negotiationId: 7,
      payload: 4,
      sdpType: 1,
      candidates: 0,
      sealedKind: 0,
      wantReceipt: true,
    });
    expect(bytes.subarray(scan.recordStart, scan.bodyEnd)).toEqual(
      lengthField(3, bytes.subarray(scan.bodyStart)),
    );
  });

  it('counts candidates', () => {
    const candidates = [{ candidate: 'a' }, { candidate: 'b' }, { candidate: '' }];
    const bytes = encode({
      body: { case: 'signal', value: { payload: { case: 'candidates', value: { candidates } } } },
    });
    expect(accept(bytes).signal).toMatchObject({ payload: 5, candidates: 3 });
  });

  it('tells what a sealed signal holds', () => {
    const value = { kind: SignalKind.ANSWER, ciphertext: Uint8Array.of(255, 128) };
    const bytes = encode({ body: { case: 'signal', value: { payload: { case: 'sealed', value } } } });
    expect(accept(bytes).signal).toMatchObject({ payload: 7, sealedKind: 2 });
  });

  it.each([0, 1, -1, 1_000_000, -1_000_000, 2 ** 53, -(2 ** 53)])(
    'reads the count %d of a message',
    (count) => {
      const value = {
        room: 'r',
        delivery: DeliveryClass.COUNTED,
        messageType: 'like',
        key: 'heart',
        count: BigInt(count),
      };
      const scan = accept(encode({ body: { case: 'message', value } }));
      expect(scan.message).toMatchObject({
        room: 'r',
        delivery: 4,
        messageType: 'like',
        key: 'heart',
        count,
      });
    },
  );

  it('rounds a count above 2^53 once, as Number does', () => {
    const count = -(2n ** 63n) + 2n ** 10n - 1n;
    const scan = accept(encode({ body: { case: 'message', value: { count } } }));
    expect(scan.message.count).toBe(Number(count));
  });

  it('finds the receivers and the content of a message', () => {
    const value = {
      room: 'r'.repeat(200),
      toParticipant: 'p2',
      toIdentity: 'bob',
      toRole: 'host',
      content: { case: 'text', value: 'größer' },
    } as const;
    const scan = accept(encode({ seq: 1, body: { case: 'message', value } }));
    expect(scan.body).toBe(MESSAGE_BODY);
    expect(scan.message).toMatchObject({ room: value.room, content: 6, contentBytes: 8, toRole: 'host' });
    expect(scan.message).toMatchObject({ toParticipant: 'p2', toIdentity: 'bob' });
  });

  it('finds the message of a will', () => {
    const will = { room: 'r', message: { room: 'r', messageType: 'bye' } };
    const bytes = encode({ body: { case: 'setWill', value: will } });
    const { message: found } = accept(bytes);
    expect(found.messageType).toBe('bye');
    expect(bytes.subarray(found.start, found.end)).toEqual(join(lengthField(1, 'r'), lengthField(3, 'bye')));
  });

  it('forgets the frame before', () => {
    const scan = new FrameScan();
    const value = {
      to: 'p1',
      wantReceipt: true,
      payload: { case: 'control', value: { action: 1 } },
    } as const;
    scanClientFrame(encode({ seq: 9, ack: 9, body: { case: 'signal', value } }), scan);
    scanClientFrame(encode({ body: { case: 'signal', value: {} } }), scan);
    expect(scan).toMatchObject({ seq: 0, ack: 0, body: SIGNAL_BODY });
    expect(scan.signal).toMatchObject({ to: '', wantReceipt: false, payload: 0 });
  });

  it('keeps the frame before when it refuses one', () => {
    const scan = new FrameScan();
    scanClientFrame(encode({ seq: 9 }), scan);
    expect(scanClientFrame(Uint8Array.of(8, 7, 8, 7), scan)).toBeDefined();
    expect(scan.seq).toBe(9);
  });

  it('reads a view into a larger buffer', () => {
    const frame = encode({ seq: 3, body: { case: 'signal', value: { to: 'pé' } } });
    const scan = accept(join([1, 2, 3], frame, [4, 5]).subarray(3, 3 + frame.length));
    expect(scan).toMatchObject({ seq: 3, recordStart: 2, bodyEnd: frame.length, signal: { to: 'pé' } });
  });

  it('takes an empty frame: a bare acknowledgement of nothing', () => {
    expect(accept(new Uint8Array(0)).body).toBe(0);
  });
});

describe('what the scan takes', () => {
  it.each<[string, Uint8Array]>([
    ['an unknown varint', varintField(99, 2n ** 64n - 1n)],
    ['an unknown 64-bit field', join(tag(99, 1), new Array<number>(8).fill(255))],
    ['an unknown 32-bit field', join(tag(99, 5), new Array<number>(4).fill(255))],
    ['an unknown field twice, with any bytes', join(lengthField(99, [255]), lengthField(99, [255]))],
    ['the largest field number', varintField(2 ** 29 - 1, 0)],
    ['an unknown body beside a known one', join(lengthField(40, 'call'), signal())],
    ['a packed list', lengthField(16, lengthField(5, [1, 2]))],
    ['an unpacked list', lengthField(16, join(varintField(5, 1), varintField(5, 2)))],
    ['both forms of a list', lengthField(16, join(varintField(5, 1), lengthField(5, [2, 3])))],
    ['an empty packed list', lengthField(16, lengthField(5, []))],
    ['a negative enum value of ten bytes', signal(lengthField(4, varintField(1, -2_147_483_648)))],
    ['a map entry without key and value', join17(lengthField(3, []))],
    ['a map key twice', join17(lengthField(3, lengthField(1, 'k')), lengthField(3, lengthField(1, 'k')))],
    ['zeros that are written out', join(varintField(1, 0), lengthField(3, lengthField(1, '')))],
    ['fields in any order', join(signal(lengthField(9, 'r'), lengthField(1, '')), varintField(1, 5))],
  ])('takes %s', (_, bytes) => {
    expect(refusal(bytes)).toBeUndefined();
  });
});

describe('what the scan refuses', () => {
  it.each<[string, Uint8Array, string]>([
    ['a field twice', join(varintField(1, 1), varintField(1, 2)), 'seq: occurs twice'],
    ['a text field twice', signal(lengthField(1, 'a'), lengthField(1, 'b')), 'signal.to: occurs twice'],
    ['a body twice', join(signal(), signal()), 'signal: a second value for body'],
    ['two bodies', join(signal(), message()), 'message: a second value for body'],
    [
      'two payloads',
      signal(lengthField(5, []), lengthField(4, [])),
      'signal.description: a second value for payload',
    ],
    [
      'a key twice in a map entry',
      join17(lengthField(3, join(lengthField(1, 'a'), lengthField(1, 'b')))),
      'join.attributes.key: occurs twice',
    ],
    [
      'an unknown field in a map entry',
      join17(lengthField(3, varintField(3, 1))),
      'join.attributes.3: unknown field in a map entry',
    ],
    ['a start of a group', join(tag(99, 3), tag(99, 4)), '99: group'],
    ['an end of a group', Uint8Array.from(tag(99, 4)), '99: group'],
    ['a known field as a group', join(tag(3, 3), tag(3, 4)), 'signal: wrong wire type'],
    ['a wire type that is not defined', Uint8Array.from(tag(99, 6)), '99: invalid wire type'],
    ['a number where text belongs', signal(varintField(1, 1)), 'signal.to: wrong wire type'],
    ['text where a number belongs', lengthField(1, 'x'), 'seq: wrong wire type'],
    ['a packed singular field', signal(lengthField(8, [1])), 'signal.want_receipt: wrong wire type'],
    ['four fixed bytes where a varint belongs', join(tag(1, 5), [0, 0, 0, 0]), 'seq: wrong wire type'],
    ['field number 0', varintField(0, 1), 'invalid field number'],
    ['a field number above 2^29 - 1', join(varint(2n ** 32n + 8n), [0]), 'invalid tag'],
    ['an over-long tag', join(stretched(8), [1]), 'invalid tag'],
    ['an over-long number', join(tag(1, 0), stretched(1)), 'seq: invalid varint'],
    ['an over-long unknown number', join(tag(99, 0), stretched(1, 3)), '99: invalid varint'],
    ['an over-long length', join(tag(3, 2), stretched(0)), 'signal: invalid length'],
    ['a zero of ten bytes', join(tag(99, 0), stretched(0, 9)), '99: invalid varint'],
    [
      'a tenth byte other than 1',
      join(tag(99, 0), new Array<number>(9).fill(255), [2]),
      '99: invalid varint',
    ],
    ['eleven bytes', join(tag(99, 0), new Array<number>(10).fill(255), [1]), '99: invalid varint'],
    ['uint32 above 2^32 - 1', varintField(1, 2 ** 32), 'seq: value out of range'],
    ['a bool of 2', signal(varintField(8, 2)), 'signal.want_receipt: value out of range'],
    ['a bool of 2^32', signal(varintField(8, 2 ** 32)), 'signal.want_receipt: value out of range'],
    [
      'an enum of 2^31',
      signal(lengthField(4, varintField(1, 2 ** 31))),
      'signal.description.sdp_type: value out of range',
    ],
    [
      'an enum below -2^31',
      signal(lengthField(4, varintField(1, -(2 ** 31) - 1))),
      'signal.description.sdp_type: value out of range',
    ],
    [
      'a packed element out of range',
      lengthField(16, lengthField(5, varint(2 ** 40))),
      'hello.features: value out of range',
    ],
    [
      'a packed element that is cut off',
      lengthField(16, lengthField(5, [1, 0x80])),
      'hello.features: invalid varint',
    ],
    ['a length behind the frame', join(tag(3, 2), [1]), 'signal: ends behind its message'],
    [
      'a text behind its message',
      join(signal(join(tag(1, 2), [2, 65])), [8, 1]),
      'signal.to: ends behind its message',
    ],
    ['a length of 2^32', join(tag(3, 2), varint(2 ** 32)), 'signal: ends behind its message'],
    ['a tag without a value', Uint8Array.of(8), 'seq: invalid varint'],
    ['half a tag', Uint8Array.of(0x82), 'invalid tag'],
    [
      'a varint that ends behind its message',
      join(signal([0x40] as never), [1]),
      'signal.want_receipt: invalid varint',
    ],
    ['64 bits cut off', join(tag(99, 1), [1, 2, 3]), '99: ends behind its message'],
    ['a lone surrogate', signal(lengthField(1, [0xed, 0xa0, 0x80])), 'signal.to: invalid UTF-8'],
    ['an over-long character', signal(lengthField(1, [0xc0, 0x80])), 'signal.to: invalid UTF-8'],
    [
      'a character above U+10FFFF',
      signal(lengthField(1, [0xf4, 0x90, 0x80, 0x80])),
      'signal.to: invalid UTF-8',
    ],
    ['a character cut off', signal(lengthField(1, [0x61, 0xc3])), 'signal.to: invalid UTF-8'],
    [
      'a bad byte at the end of a long text',
      signal(lengthField(4, lengthField(2, join(new Array<number>(500).fill(97), [255])))),
      'signal.description.sdp: invalid UTF-8',
    ],
    [
      'bad text in a map',
      join17(lengthField(3, lengthField(2, [255]))),
      'join.attributes.value: invalid UTF-8',
    ],
  ])('refuses %s', (_, bytes, detail) => {
    expect(refusal(bytes)).toBe(detail);
  });

  it.each([
    [
      'empty candidates',
      (count: number) =>
        signal(
          lengthField(
            5,
            new Uint8Array(2 * count).map((_, at) => (at % 2 ? 0 : 10)),
          ),
        ),
    ],
    [
      'elements of a packed list',
      (count: number) => signal(lengthField(6, lengthField(4, new Uint8Array(count)))),
    ],
    [
      'unknown fields',
      (count: number) => signal(new Uint8Array(2 * count).map((_, at) => (at % 2 ? 0 : 0x78))),
    ],
  ])('refuses %s by the hundred thousand, which would cost each receiver dear', (_, build) => {
    expect(refusal(build(MAX_VALUES - 3))).toBeUndefined();
    expect(refusal(build(MAX_VALUES))).toMatch(/: too many fields$/);
  });

  // Tried with each rule taken out: protobuf-es 2.17, protobufjs 8.8, C++ 3.21, Java 4.33, Go 1.36, upb 6.33, prost 0.14.
  it.each([
    // upb (Python, Ruby, PHP) sets the entry aside as an unknown field; the others read it.
    ['a map entry with a field more', join17(lengthField(3, join(lengthField(1, 'k'), varintField(15, 1))))],
    // Go and prost refuse it; the others drop the bits above 2^64.
    ['a varint above 64 bits', join(tag(99, 0), new Array<number>(9).fill(255), [0x7f])],
    // Java reads a count of 2^62; the others 0.
    ['a zero of ten bytes', message(join(tag(10, 0), stretched(0, 9)))],
    // C++ and protobufjs refuse it; the others take it.
    ['a length of six bytes', join(tag(3, 2), stretched(0, 5))],
    // protobuf-es takes the byte behind the message into the text, and goes on after it; the others refuse.
    [
      'a text that reaches out of its message',
      join(tag(16, 2), [3, 0x0a, 2, 0x61], [0x61], varintField(1, 5)),
    ],
    // protobuf-es takes the number for a length and fails, prost refuses it; for the others it is an unknown field.
    ['a text with the wire type of a number', signal(varintField(9, 1))],
  ])('refuses %s, which decoders read differently', (_, bytes) => {
    expect(refusal(bytes)).toBeDefined();
  });

  it('names the field at fault as a path', () => {
    const bytes = signal(lengthField(5, lengthField(1, varintField(3, 2n ** 40n))));
    expect(scanClientFrame(bytes, new FrameScan())).toEqual({
      reason: 1,
      fieldPath: 'signal.candidates.candidates.sdp_m_line_index',
      detail: 'signal.candidates.candidates.sdp_m_line_index: value out of range',
    });
  });

  it('refuses every proper prefix that ends inside the body', () => {
    const candidate = {
      candidate: 'candidate:1 1 udp 1 203.0.113.7 9 typ host',
      sdpMid: '0',
      sdpMLineIndex: 0,
    };
    const frame = encode({
      seq: 1,
      body: {
        case: 'signal',
        value: { to: 'p', payload: { case: 'candidates', value: { candidates: [candidate] } } },
      },
    });
    for (let length = 3; length < frame.length; length++) {
      expect(refusal(frame.subarray(0, length)), `${length} bytes`).toBeDefined();
    }
  });
});

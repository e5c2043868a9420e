import { fromBinary, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import {
  type ClientFrame,
  ClientFrameSchema,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { encodeFrame } from '../../../src/core/wire/frame-head.ts';
import { encodeRelayed, OriginTemplate } from '../../../src/core/wire/origin.ts';
import { FrameScan, MESSAGE_BODY, SIGNAL_BODY, scanClientFrame } from '../../../src/core/wire/scan.ts';
import { dumpEs } from './dump-es.ts';
import { dumpProtobufjs, loadProtobufjs } from './dump-protobufjs.ts';

/** What the gateway makes of an accepted frame, and what protobuf-es reads in it. */
export interface Accepted {
  /** The ClientFrame, as protobuf-es reads it. */
  readonly text: string;
  /** The ServerFrame that relays it, and how protobuf-es reads it; undefined where nothing is relayed. */
  readonly relayed: { readonly bytes: Uint8Array; readonly text: string } | undefined;
}

const proto = new URL('../../../proto/', import.meta.url).pathname;
const origin = new OriginTemplate('p_sender', 'alice', 'Alice');
const stamp = { senderSeq: 7, acceptedAtMs: 1_795_345_678_901, offset: 5 };
const originText = `9:{1:${hexOf('p_sender')};2:7;3:${hexOf('alice')};4:${hexOf('Alice')};5:1795345678901;6:5;};`;

/**
 * Holds the scanner against protobuf-es and protobufjs. What it accepts, both must accept and read alike; what it
 * reports must be what they read; and the record that it finds must be read alike where it is relayed, in binary and
 * in JSON.
 */
export class Agreement {
  readonly #scan = new FrameScan();
  readonly #root = loadProtobufjs(proto);
  readonly #client = this.#root.lookupType('signalbox.v1.ClientFrame');
  readonly #server = this.#root.lookupType('signalbox.v1.ServerFrame');

  /** `refused`; what was accepted; or, as a text, how the decoders or the scanner differ. */
  examine(bytes: Uint8Array): 'refused' | Accepted | { readonly difference: string } {
    const scan = this.#scan;
    if (scanClientFrame(bytes, scan) !== undefined) return 'refused';
    let frame: ClientFrame;
    try {
      frame = fromBinary(ClientFrameSchema, bytes);
    } catch (error) {
      return { difference: `protobuf-es refuses it: ${error}` };
    }
    const text = dumpEs(ClientFrameSchema, frame);
    const other = attempt(() => dumpProtobufjs(this.#client, this.#client.decode(bytes) as never));
    if (other !== text) return { difference: `protobuf-es ${text}\nprotobufjs  ${other}` };
    const misreport = compareReport(scan, frame);
    if (misreport !== '') return { difference: `the scan reports ${misreport}` };
    if (scan.body !== SIGNAL_BODY && scan.body !== MESSAGE_BODY) return { text, relayed: undefined };
    return this.#relay(bytes, text, frame);
  }

  #relay(bytes: Uint8Array, text: string, frame: ClientFrame): Accepted | { readonly difference: string } {
    const scan = this.#scan;
    const body = encodeRelayed(bytes.subarray(scan.recordStart, scan.bodyEnd), origin, stamp);
    const relayed = encodeFrame(3, 0, body);
    const read = attempt(() => dumpEs(ServerFrameSchema, fromBinary(ServerFrameSchema, relayed)));
    const bare: ClientFrame = { ...frame, seq: 0, ack: 0 };
    const bodyText = dumpEs(ClientFrameSchema, bare).slice(1, -1);
    const expected = `{1:3;${bodyText}${originText}}`;
    if (read !== expected) return { difference: `relayed, protobuf-es ${read}\nexpected ${expected}` };
    const other = attempt(() => dumpProtobufjs(this.#server, this.#server.decode(relayed) as never));
    if (other !== expected) return { difference: `relayed, protobufjs ${other}\nexpected ${expected}` };
    const json = attempt(() => throughJson(relayed));
    if (json !== expected) return { difference: `relayed as JSON ${json}\nexpected ${expected}` };
    return { text, relayed: { bytes: relayed, text: expected } };
  }
}

/** What a client on a JSON lane reads. */
function throughJson(relayed: Uint8Array): string {
  const json = toJsonString(ServerFrameSchema, fromBinary(ServerFrameSchema, relayed));
  return dumpEs(ServerFrameSchema, fromJsonString(ServerFrameSchema, json));
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return `refuses it: ${error}`;
  }
}

/** '' or the first value that the scan reports wrongly. */
function compareReport(scan: FrameScan, frame: ClientFrame): string {
  const { body } = frame;
  const number = body.case === undefined ? 0 : ClientFrameSchema.field[body.case].number;
  const found: [string, unknown, unknown][] = [
    ['seq', scan.seq, frame.seq],
    ['ack', scan.ack, frame.ack],
    ['body', scan.body, number],
  ];
  if (body.case === 'signal') {
    const { signal } = scan;
    const { payload } = body.value;
    found.push(
      ['to', signal.to, body.value.to],
      ['room', signal.room, body.value.room],
      ['connection_id', signal.connectionIdBytes, Buffer.byteLength(body.value.connectionId)],
      ['negotiation_id', signal.negotiationId, body.value.negotiationId],
      ['want_receipt', signal.wantReceipt, body.value.wantReceipt],
      [
        'payload',
        signal.payload,
        { description: 4, candidates: 5, control: 6, sealed: 7, none: 0 }[payload.case ?? 'none'],
      ],
      ['sdp_type', signal.sdpType, payload.case === 'description' ? payload.value.sdpType : 0],
      ['candidates', signal.candidates, payload.case === 'candidates' ? payload.value.candidates.length : 0],
      ['kind', signal.sealedKind, payload.case === 'sealed' ? payload.value.kind : 0],
    );
  }
  const message =
    body.case === 'message' ? body.value : body.case === 'setWill' ? body.value.message : undefined;
  if (message !== undefined) {
    const { content } = message;
    found.push(
      ['message.room', scan.message.room, message.room],
      ['delivery', scan.message.delivery, message.delivery],
      ['message_type', scan.message.messageType, message.messageType],
      ['key', scan.message.key, message.key],
      ['to_participant', scan.message.toParticipant, message.toParticipant],
      ['to_identity', scan.message.toIdentity, message.toIdentity],
      ['to_role', scan.message.toRole, message.toRole],
      ['count', scan.message.count, Number(message.count)],
      ['content', scan.message.content, { payload: 5, text: 6, none: 0 }[content.case ?? 'none']],
      [
        'content length',
        scan.message.contentBytes,
        content.case === undefined ? 0 : Buffer.byteLength(content.value),
      ],
    );
  }
  const wrong = found.find(([, reported, read]) => reported !== read);
  return wrong === undefined ? '' : `${wrong[0]} = ${wrong[1]}, protobuf-es reads ${wrong[2]}`;
}

function hexOf(text: string): string {
  return `x${Buffer.from(text).toString('hex')}`;
}

/** The shortest input found by leaving out pieces that still differs. */
export function minimise(bytes: Uint8Array, differs: (bytes: Uint8Array) => boolean): Uint8Array {
  let smallest = bytes;
  for (let piece = bytes.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at + piece <= smallest.length; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)]);
      if (differs(shorter)) smallest = shorter;
      else at += piece;
    }
  }
  return smallest;
}

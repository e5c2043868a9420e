import { isUtf8 } from 'node:buffer';
import type { Verdict } from '../target.ts';
import { readHttp1 } from './http1-answer.ts';
import { judgeAnswer, wrong } from './rpc-verdict.ts';

/** RFC 6455 and 4000 + the gRPC code of the same end. Not 1011, not 4013 (internal), not 4002 (unknown). */
const CLOSE_CODES = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4003, 4004, 4007, 4008, 4010, 4014, 4016]);

/** Judges all that a gateway sent to a client that asked for a WebSocket, or meant to. */
export function judgeServerBytes(bytes: Buffer, ended: boolean): Verdict {
  if (bytes.length === 0) return { kind: ended ? 'ended' : 'no answer' };
  const answers = readHttp1(bytes, false);
  if (typeof answers === 'string') return wrong(`what the gateway sent is no HTTP: ${answers}`);
  const upgraded = answers.find(({ status }) => status === 101);
  if (upgraded === undefined)
    return (
      answers.map(judgeAnswer).find(({ violation }) => violation !== undefined) ?? {
        kind: `HTTP ${answers[0]?.status ?? 'cut off'}`,
      }
    );
  return judgeFrames(Buffer.from(upgraded.body));
}

/** The server's half: whole frames, unmasked, unfragmented, and nothing behind a Close. */
function judgeFrames(bytes: Buffer): Verdict {
  let messages = 0;
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first = 0, short = 0] = [bytes[at], bytes[at + 1]];
    if (short > 127) return wrong('the gateway masked a frame');
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > bytes.length) break;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
    const end = at + head + length;
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + head, end);
    const opcode = first & 0x0f;
    if (![0x81, 0x82, 0x88, 0x89, 0x8a].includes(first))
      return wrong(`the gateway sent a frame that begins with ${first}`);
    if (opcode === 1 && !isUtf8(payload)) return wrong('the gateway sent text that is no UTF-8');
    if (opcode === 1 && /"(code|reason)":"(REASON_)?(internal|INTERNAL|unknown)"/.test(payload.toString()))
      return wrong(`the gateway said ${payload}`);
    if (opcode === 8) return judgeClose(payload, end === bytes.length, messages);
    if (opcode <= 2) messages += 1;
    at = end;
  }
  return { kind: messages > 0 ? 'accepted' : 'upgraded' };
}

function judgeClose(payload: Buffer, isLast: boolean, messages: number): Verdict {
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
  const reason = payload.toString('utf8', 2);
  if (!isLast) return wrong('the gateway went on behind its Close');
  // An answer to the client's own code says the same code.
  const isEcho = reason === '' && ((code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999));
  if (!CLOSE_CODES.has(code) && !isEcho) return wrong(`closed with ${code} ${reason}`);
  return { kind: messages > 0 ? 'accepted, closed' : isEcho ? 'closed by the client' : `closed ${code}` };
}

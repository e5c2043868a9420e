/**
 * Texts of errors that the two stacks raise themselves, worded differently for the same code. Everything else of an answer is
 * compared as it is: status, header fields, messages, codes, details, trailers.
 */
const wordings: readonly (readonly [name: string, lane: string, connect: string])[] = [
  ['<deadline>', 'deadline exceeded', 'the operation timed out'],
  [
    '<too large>',
    'message is larger than the limit of 204800 bytes',
    'message size 204810 is larger than configured readMaxBytes 204800',
  ],
  [
    '<too large>',
    'message is larger than the limit of 204800 bytes',
    'message is larger than configured readMaxBytes 204800 after decompression',
  ],
  ['<cut off>', 'request ends within an envelope', 'protocol error: incomplete envelope'],
  [
    '<no message>',
    'request has no message',
    'protocol error: missing input message for server-streaming method',
  ],
  [
    '<messages>',
    'request has more than one message',
    'protocol error: received extra input message for server-streaming method',
  ],
  [
    '<compressed>',
    'message is compressed, but the request names no encoding',
    'received compressed envelope, but do not know how to decompress',
  ],
];

/** The text with each wording replaced by its name, in plain text and percent-encoded. */
export function unworded(text: string): string {
  let result = text;
  for (const [name, ...texts] of wordings) {
    for (const one of texts) {
      result = result.replaceAll(one, name).replaceAll(encodeURIComponent(one), name);
    }
  }
  return result;
}

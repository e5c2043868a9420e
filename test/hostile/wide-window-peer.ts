/**
 * A gRPC client that opens its windows as wide as they go, in a process of its own, to be stopped: then not flow control but
 * the socket takes nothing. Arguments: url, token, room. Prints a line once something came.
 */
import { connect } from 'node:http2';
import { lengthField } from '../core/wire/bytes.ts';
import { encodeFrame } from '../helpers/lane-client.ts';
import { framed } from '../lanes/envelope/raw-client.ts';

const widest = 2 ** 31 - 1;
const [url = '', token = '', room = ''] = process.argv.slice(2);
const session = connect(url, { settings: { initialWindowSize: widest } });
session.on('connect', () => {
  session.setLocalWindowSize(widest);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/signalbox.v1.SignalingService/Connect',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.once('data', () => process.stdout.write('reading\n'));
  stream.on('data', () => {});
  const hello = encodeFrame({ body: { case: 'hello', value: { token } } });
  const join = encodeFrame({ seq: 1, body: { case: 'join', value: { room } } });
  for (const frame of [hello, join]) stream.write(framed(lengthField(1, frame)));
});

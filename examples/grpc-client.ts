/**
 * A gRPC client without the SDK: hello, join, chat, leave, with nothing but @grpc/grpc-js and the generated messages.
 *
 *   node examples/grpc-client.ts http://127.0.0.1:8080 demo
 */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientFrameSchema, ServerFrame } from '../gen/signalbox/v1/frame_pb.ts';
import { ReasonSchema } from '../gen/signalbox/v1/reason_pb.ts';
import {
  ConnectRequestSchema,
  type ConnectResponse,
  ConnectResponseSchema,
} from '../gen/signalbox/v1/signaling_service_pb.ts';

const [url = 'http://127.0.0.1:8080', room = 'demo', identity = 'grpc-client'] = process.argv.slice(2);
const { host, protocol } = new URL(url);
const token = await (await fetch(`${url}/dev/token?room=${room}&identity=${identity}`)).text();

const metadata = new Metadata();
metadata.set('authorization', `Bearer ${token}`);
const secure = protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure();
const client = new Client(host, secure);
const stream = client.makeBidiStreamRequest(
  '/signalbox.v1.SignalingService/Connect',
  (frame: MessageInitShape<typeof ClientFrameSchema>) =>
    Buffer.from(toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frame }))),
  (bytes: Buffer) => fromBinary(ConnectResponseSchema, bytes),
  metadata,
);

let seq = 0;
let ack = 0;
stream.write({ body: { case: 'hello', value: { deviceId: 'example' } } });
stream.write({ seq: ++seq, body: { case: 'join', value: { room, name: identity, history: 10 } } });

stream.on('data', ({ frame }: ConnectResponse) => {
  if (frame === undefined) return;
  if (frame.seq > 0) ack = frame.seq;
  show(frame);
});
stream.on('error', (error: Error) => console.error(`ended: ${error.message}`));
stream.on('end', () => client.close());

// What the inbox held is acknowledged once a second; a Ping is answered at once.
const acknowledge = setInterval(() => stream.write({ ack }), 1000);

process.stdin.setEncoding('utf8').on('data', (text: string) => {
  const value = { room, messageType: 'chat', content: { case: 'text' as const, value: text.trim() } };
  stream.write({ seq: ++seq, ack, body: { case: 'message', value } });
});

process.once('SIGINT', () => {
  clearInterval(acknowledge);
  stream.write({ seq: ++seq, ack, body: { case: 'leave', value: { room } } });
  setTimeout(() => stream.cancel(), 200);
  setTimeout(() => process.exit(0), 400);
});

function show({ body, origin }: ServerFrame): void {
  switch (body.case) {
    case 'welcome':
      console.log(`session ${body.value.sessionId}`);
      break;
    case 'ping':
      stream.write({ ack, body: { case: 'pong', value: { id: body.value.id } } });
      break;
    case 'joined': {
      const names = body.value.participants.map(({ identity: who }) => who);
      console.log(
        `in ${room} as ${body.value.participant?.id}, with ${names.join(', ') || 'nobody'}; type to chat`,
      );
      break;
    }
    case 'rosterDelta':
      for (const participant of body.value.joined) console.log(`+ ${participant.identity}`);
      for (const departure of body.value.left) console.log(`- ${departure.id}`);
      break;
    case 'message':
      if (body.value.content.case === 'text') console.log(`${origin?.identity}: ${body.value.content.value}`);
      break;
    case 'signal':
      console.log(`signal (${body.value.payload.case}) from ${origin?.sender}`);
      break;
    case 'error':
    case 'left':
    case 'closed':
      console.log(`${body.case}: ${ReasonSchema.value[body.value.reason]?.name} ${body.value.detail}`);
      break;
  }
}

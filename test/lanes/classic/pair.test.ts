import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { SessionDescription_Type as SdpType, SignalSchema } from '../../../gen/signalbox/v1/signal_pb.ts';
import { Pair, type Round } from '../../../src/lanes/classic/pair.ts';

function newPair(): Pair {
  let count = 0;
  return new Pair(() => `n${++count}`);
}

function description(sdpType: SdpType, connectionId: string, negotiationId: number) {
  return create(SignalSchema, {
    connectionId,
    negotiationId,
    payload: { case: 'description', value: { sdpType, sdp: 'v=0' } },
  });
}

const round = (connectionId: string, negotiationId: number): Round => ({ connectionId, negotiationId });

test('offers of one RTCPeerConnection rise by one; candidates repeat the round', () => {
  const pair = newPair();
  expect(pair.offer('77')).toEqual(round('main.n1', 1));
  expect(pair.following()).toEqual(round('main.n1', 1));
  expect(pair.accept(description(SdpType.ANSWER, 'main.n1', 1))).toBe(true);
  expect(pair.offer('77')).toEqual(round('main.n1', 2));
  expect(pair.following()).toEqual(round('main.n1', 2));
});

test('an offer of a new RTCPeerConnection opens a new connection at round 1', () => {
  const pair = newPair();
  pair.offer('77');
  pair.offer('77');
  expect(pair.offer('78')).toEqual(round('main.n2', 1));
});

test('an offer without an o= line is a further round of the same connection', () => {
  const pair = newPair();
  pair.offer('');
  expect(pair.offer('')).toEqual(round('main.n1', 2));
});

test('an answer and what follows repeat the round of the offer', () => {
  const pair = newPair();
  expect(pair.accept(description(SdpType.OFFER, 'main.peer', 4))).toBe(true);
  expect(pair.following()).toEqual(round('main.peer', 4));
  expect(pair.answer('5')).toEqual(round('main.peer', 4));
  expect(pair.following()).toEqual(round('main.peer', 4));
});

test('an offer after an answer of the same RTCPeerConnection belongs to the connection that the participant opened', () => {
  const pair = newPair();
  pair.accept(description(SdpType.OFFER, 'main.peer', 4));
  pair.answer('5');
  expect(pair.offer('5')).toEqual(round('main.peer', 5));
});

test('nothing can be answered before an offer', () => {
  expect(newPair().answer('5')).toBeUndefined();
});

test('candidates that overtake the first offer share its round', () => {
  const pair = newPair();
  expect(pair.following()).toEqual(round('main.n1', 1));
  expect(pair.offer('5')).toEqual(round('main.n1', 1));
  expect(pair.offer('5')).toEqual(round('main.n1', 2));
});

test('answers and offers of older rounds are dropped; those of other connections are not', () => {
  const pair = newPair();
  pair.offer('5');
  pair.offer('5');
  expect(pair.accept(description(SdpType.ANSWER, 'main.n1', 1))).toBe(false);
  expect(pair.accept(description(SdpType.ANSWER, 'main.n1', 2))).toBe(true);
  expect(pair.accept(description(SdpType.OFFER, 'main.n1', 3))).toBe(true);
  expect(pair.accept(description(SdpType.OFFER, 'main.n1', 2))).toBe(false);
  expect(pair.accept(description(SdpType.OFFER, 'main.other', 1))).toBe(true);
});

test('glare: whichever of the two offers is answered names the connection from then on', () => {
  const yields = newPair();
  yields.offer('5');
  yields.accept(description(SdpType.OFFER, 'main.peer', 1));
  expect(yields.answer('5')).toEqual(round('main.peer', 1));
  expect(yields.offer('5')).toEqual(round('main.peer', 2));

  const wins = newPair();
  wins.offer('5');
  wins.accept(description(SdpType.OFFER, 'main.peer', 1));
  expect(wins.accept(description(SdpType.ANSWER, 'main.n1', 1))).toBe(true);
  expect(wins.following()).toEqual(round('main.n1', 1));
});

test('candidates of any round reach the page: its stack knows which it can use', () => {
  const pair = newPair();
  pair.offer('5');
  pair.offer('5');
  const late = create(SignalSchema, {
    connectionId: 'main.n1',
    negotiationId: 1,
    payload: { case: 'candidates', value: {} },
  });
  expect(pair.accept(late)).toBe(true);
});

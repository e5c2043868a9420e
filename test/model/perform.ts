import { create, toBinary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction } from '../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { ClientState_Activity as Activity } from '../../gen/signalbox/v1/session_pb.ts';
import { NegotiationControl_Action as Control } from '../../gen/signalbox/v1/signal_pb.ts';
import type { Command } from './commands.ts';
import type { ModelClient } from './model-client.ts';
import { type LaneOwner, ModelLane } from './model-lane.ts';
import { keyOf, type World } from './world.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

const moderations = {
  remove: ModerationAction.REMOVE,
  ban: ModerationAction.BAN,
  end: ModerationAction.END,
  lock: ModerationAction.LOCK,
} as const;

/** The moderator's place. */
const moderator = 4;

/** Does one thing. What does not fit the moment does nothing. */
export async function perform(world: World, command: Command): Promise<void> {
  switch (command.kind) {
    case 'tick':
      return world.step(command.steps);
    case 'pass':
      return world.pass(command.ms, 3);
    case 'door':
      void answerDoor(world, command);
      return;
    case 'restart':
      return world.restart();
    case 'connect':
      return connect(world, command);
    case 'rival':
      return rival(world, command);
    case 'thief':
      return thief(world, command);
    case 'manage':
      // Its answer may come when it likes.
      void manage(world, command);
      return;
    case 'revoke':
      world.revoke(world.client(command.who).persona.identity);
      return;
    case 'moderate':
      return moderate(world, command);
    case 'ack':
      return acknowledge(world, command);
    default:
      act(world, world.client(command.who), command);
  }
}

async function connect(world: World, command: Of<'connect'>): Promise<void> {
  const client = world.client(command.who);
  const expiresAt = command.shortToken ? world.clock.now() + 1500 : Number.POSITIVE_INFINITY;
  client.connect({ ...command, expiresAt });
  if (!command.losesWelcome) return;
  client.lane?.deafen(1_000_000);
  await world.step(8);
  client.drop();
}

/** Somebody else with the same secret, and an attempt before, like, or behind that of the client. */
function rival(world: World, { who, attempt }: Of<'rival'>): void {
  const client = world.client(who);
  const counted = client.attempts + attempt;
  if (client.session === undefined || client.isCopy || counted < 1) return;
  const copy = world.duplicate(client, counted);
  const expiresAt = Number.POSITIVE_INFINITY;
  copy.connect({ wiring: 'stream', attempt: 'same', closeFirst: false, expiresAt });
}

/** Somebody who knows the session's id, or its secret but not its owner's token. */
async function thief(world: World, { who, how }: Of<'thief'>): Promise<void> {
  const client = world.client(who);
  const { session, persona } = client;
  if (session === undefined) return;
  const ignore = () => {};
  const owner: LaneOwner = {
    frame: ignore,
    ended: ignore,
    wrote: (lane, frame) => world.wrote(lane, frame),
    lost: (lane) => world.lost(lane),
  };
  const lane = new ModelLane(0, 'stream', owner);
  const identity = how === 'identity' ? 'eve' : persona.identity;
  lane.asked = { session: session.id, identity, honest: false };
  const token = world.token({ identity, permissions: {}, expiresAt: Number.POSITIVE_INFINITY });
  const secret = how === 'secret' ? `${session.id}.guessed` : session.resumeToken;
  const resume = { token: secret, receivedSeq: 1000, attempt: client.attempts + 5, epoch: session.epoch };
  const hello = { case: 'hello' as const, value: { token, resume } };
  lane.open(world.open);
  lane.send(toBinary(ClientFrameSchema, create(ClientFrameSchema, { body: hello })));
  await world.step(8);
  lane.drop();
}

/** A backend acts. */
async function manage(world: World, { room, action, to }: Of<'manage'>): Promise<void> {
  const key = keyOf(room);
  const { engine } = world;
  switch (action) {
    case 'remove': {
      const [target] = (await engine.participants(key, undefined, 1 + (to % 3)))?.slice(-1) ?? [];
      if (target !== undefined) await engine.remove(key, target.id, { reason: Reason.REMOVED });
      return;
    }
    case 'liftBans':
      for (const { identity } of await engine.bans(key)) await engine.liftBan(key, identity);
      return;
    case 'end':
      world.endedRooms.add(room);
      await engine.deleteRoom(key, Reason.ROOM_CLOSED, 'the backend ended it');
      return;
    default:
      await engine.updateRoom(key, { locked: false });
  }
}

/** Whoever has waited longest in the lobby is let in, or turned away. */
async function answerDoor({ engine }: World, { admits }: Of<'door'>): Promise<void> {
  const key = keyOf('l');
  const [first] = await engine.lobby(key);
  const id = first?.participant?.id;
  if (id === undefined) return;
  if (admits) await engine.admit(key, id);
  else await engine.deny(key, id, '');
}

function moderate(world: World, { who, to, room, action }: Of<'moderate'>): void {
  const client = world.client(who === 0 ? 0 : moderator);
  if (action === 'end') world.endedRooms.add(room);
  const participant = targetOf(client, room, to);
  const value = { room, participant, action: moderations[action] };
  client.ask(action, { case: 'moderate', value });
}

function act(world: World, client: ModelClient, command: Exclude<Command, { kind: 'tick' }>): void {
  switch (command.kind) {
    case 'drop':
      client.drop();
      return;
    case 'quit':
      client.stop();
      return;
    case 'deafen':
      client.lane?.deafen(command.room);
      return;
    case 'hear':
      client.lane?.hear();
      return;
    case 'join': {
      const { room, history } = command;
      for (const holder of world.clients) {
        const replica = holder.session?.id === client.session?.id ? holder.rooms.get(room) : undefined;
        if (replica !== undefined && history > 0) replica.isToldAgain = true;
      }
      client.ask('join', { case: 'join', value: { room, history } });
      return;
    }
    case 'leave': {
      const { room, graceMs } = command;
      client.ask('leave', { case: 'leave', value: { room, grace: durationFromMs(graceMs) } });
      return;
    }
    case 'loseAnswer':
      client.loseAnswer(true);
      return;
    case 'suspend':
      suspend(world, client, command);
      return;
    case 'refresh': {
      const { identity, permissions } = client.persona;
      const expiresAt = Number.POSITIVE_INFINITY;
      const token = world.token({ identity: command.otherwise ? 'eve' : identity, permissions, expiresAt });
      client.ask('refresh', { case: 'refreshToken', value: { token } });
      return;
    }
    default:
      speak(client, command as Speech);
  }
}

type Speech = Of<'signal' | 'direct' | 'say' | 'put' | 'count' | 'flash' | 'will'>;

function speak(client: ModelClient, command: Speech): void {
  const { room } = command;
  const said = (text: string) => ({ case: 'text' as const, value: text });
  switch (command.kind) {
    case 'signal': {
      const { wantReceipt, padding, times } = command;
      const to = targetOf(client, room, command.to);
      const payload = (detail: string) => ({
        case: 'control' as const,
        value: { action: Control.REQUEST_OFFER, detail },
      });
      const signal = (text: string) => ({
        case: 'signal' as const,
        value: { to, wantReceipt, payload: payload(text) },
      });
      for (let n = 0; n < times; n += 1)
        client.say({ kind: 'participant', id: to }, signal, padding, wantReceipt);
      return;
    }
    case 'direct': {
      const toParticipant = targetOf(client, room, command.to);
      const message = (text: string) => ({
        case: 'message' as const,
        value: { room, toParticipant, content: said(text) },
      });
      client.say({ kind: 'participant', id: toParticipant }, message, command.padding);
      return;
    }
    case 'say': {
      const message = (text: string) => ({ case: 'message' as const, value: { room, content: said(text) } });
      client.say({ kind: 'room', name: room }, message, command.padding);
      return;
    }
    case 'put': {
      const { key } = command;
      const message = (text: string) => ({
        case: 'message' as const,
        value: { room, delivery: DeliveryClass.LATEST, key, content: said(text) },
      });
      client.keep(room, 'latest', key, message);
      return;
    }
    case 'count': {
      const value = { room, delivery: DeliveryClass.COUNTED, count: BigInt(command.by) };
      client.keep(room, 'counted', '', () => ({ case: 'message' as const, value }), command.by);
      return;
    }
    case 'flash':
      client.mention({
        case: 'message',
        value: { room, delivery: DeliveryClass.LOSSY, content: said('flash') },
      });
      return;
    default: {
      const will = (text: string) => ({
        case: 'setWill' as const,
        value: command.clear ? { room } : { room, message: { room, content: said(text) } },
      });
      client.keep(room, 'will', command.clear ? 'clear' : 'set', will);
    }
  }
}

function acknowledge(world: World, { who, how }: Of<'ack'>): void {
  const client = world.client(who);
  const received = client.session?.received ?? 0;
  if (how === 'stale') client.acknowledge(Math.max(0, received - 2));
  // Whoever acknowledges what it has not read asks to lose it: only what was not even written, and only where it is read at
  // once.
  else if (how === 'far' && !world.isStepwise && client.isHeardAtOnce) client.acknowledge(1_000_000);
  else client.acknowledge();
}

function suspend(world: World, client: ModelClient, { holdMs, back }: Of<'suspend'>): void {
  const { lane } = client;
  if (lane === undefined || !client.isAttached) return;
  const activity = back ? Activity.FOREGROUND : Activity.SUSPENDED;
  client.mention({
    case: 'clientState',
    value: back ? { activity } : { activity, hold: durationFromMs(holdMs) },
  });
  lane.hold = back ? undefined : { ms: holdMs, at: world.clock.now() };
}

/** One of those who are in the room, or one who has left, or nobody at all. */
function targetOf(client: ModelClient, room: string, number: number): string {
  const replica = client.rooms.get(room);
  const others = [...(replica?.others ?? [])];
  if (number === 7 || others.length === 0) return replica?.departed.at(-1) ?? 'nobody';
  return others[number % others.length] ?? 'nobody';
}

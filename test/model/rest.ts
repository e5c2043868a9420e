import { fromBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import type { Violation } from '../helpers/history.ts';
import { checkDrained, checkHistory } from '../helpers/history-checker.ts';
import type { ModelClient } from './model-client.ts';
import { keyOf, type World } from './world.ts';

/** Tries that everybody needs at most to come back: each may be replaced, or find that its session is over. */
const mostTries = 12;

/** Everybody comes back and reads; what is due with time falls due; all is acknowledged. */
export async function comeToRest(world: World): Promise<void> {
  await gather(world);
  const { resumeWindowMs, holdMs } = world.limits;
  await world.pass(Math.max(resumeWindowMs, holdMs) + 2000);
  await gather(world);
}

async function gather(world: World): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    for (const client of world.live) {
      client.loseAnswer(false);
      client.lane?.hear();
      if (client.session !== undefined && !client.isAttached) {
        const expiresAt = Number.POSITIVE_INFINITY;
        client.connect({ wiring: 'stream', attempt: 'next', closeFirst: true, expiresAt });
      }
    }
    await world.settle();
    for (const client of world.live) client.acknowledge();
    await world.pass(200);
    if (world.live.every((client) => isAtRest(world, client))) return;
  }
}

function isAtRest({ engine }: World, { session, isAttached, unacked }: ModelClient): boolean {
  if (session === undefined) return true;
  const inbox = engine.inbox(session.id);
  return isAttached && unacked === 0 && inbox !== undefined && inbox.lo === inbox.hi;
}

/** What is wrong with a world at rest. */
export function checkRest(world: World): Violation[] {
  const { watch, wills, engine, node, errors } = world;
  const present = world.live.filter(({ session }) => session !== undefined);
  const known = world.clients.filter(({ session }) => session !== undefined);
  const violations = [
    // What was written to whom is for the watch: here clients read as late as they like.
    ...checkHistory(
      known.map(({ history }) => history),
      Number.POSITIVE_INFINITY,
    ),
    ...watch.violations,
    ...wills.violations,
    ...errors.map((detail): Violation => ({ rule: 'health', client: 'gateway', detail })),
    ...world.rooms.flatMap((room) => checkBoard(world, room)),
  ];
  for (const client of present) {
    if (isAtRest(world, client) && client.older === 0) continue;
    const { lo = 0, hi = 0 } = engine.inbox(client.session?.id ?? '') ?? {};
    const detail = `attached: ${client.isAttached}, unacknowledged: ${client.unacked}, inbox: ${lo} of ${hi}, older connections: ${client.older}`;
    violations.push({ rule: 'unsettled', client: client.name, detail });
  }
  for (const client of present) violations.push(...checkPresence(world, client));
  const { connections } = node.figures;
  if (connections !== present.length) {
    const detail = `${connections} connections for ${present.length} clients`;
    violations.push({ rule: 'attachment', client: 'gateway', detail });
  }
  return violations;
}

/** Whoever is there is a member, where it thinks that it is, and nobody sees it AWAY. */
function checkPresence({ engine }: World, { name, rooms, session }: ModelClient): Violation[] {
  return [...rooms.values()].flatMap(({ name: room, self }): Violation[] => {
    const member = engine.view(keyOf(room))?.members.ofSession(session?.id ?? '');
    const detail =
      member?.id !== undefined && member.participant.state !== State.ACTIVE
        ? `${member.id} is shown as AWAY`
        : `takes itself for "${self}", and is "${member?.id ?? ''}"`;
    const fits = (member?.id ?? '') === self && (member?.participant.state ?? State.ACTIVE) === State.ACTIVE;
    return fits ? [] : [{ rule: 'roster', client: name, detail: `${room}: ${detail}` }];
  });
}

/** Everybody knows the room's LATEST values and totals, and these are what was said. */
function checkBoard(world: World, room: string): Violation[] {
  const violations: Violation[] = [];
  const add = (client: string, detail: string) =>
    violations.push({ rule: 'values', client, detail: `${room}: ${detail}` });
  const values = new Map<string, string>();
  const totals = new Map<string, number>();
  for (const { frame } of world.engine.view(keyOf(room))?.board.since(0) ?? []) {
    const { body, origin } = fromBinary(ServerFrameSchema, frame);
    if (body.case !== 'message') continue;
    const { key, delivery, content } = body.value;
    if (delivery === DeliveryClass.COUNTED) totals.set(key, Number(origin?.total ?? 0n));
    else if (content.case === 'text') values.set(key, content.value);
  }
  const told = (map: ReadonlyMap<string, string | number>) => JSON.stringify([...map].sort());
  for (const { name, rooms } of world.live) {
    const replica = rooms.get(room);
    if (replica === undefined || replica.self === '') continue;
    if (told(replica.values) !== told(values))
      add(name, `knows ${told(replica.values)}, not ${told(values)}`);
    if (told(replica.totals) !== told(totals))
      add(name, `counts ${told(replica.totals)}, not ${told(totals)}`);
  }
  if (!world.endedRooms.has(room)) checkTotals(world, room, totals.get('') ?? 0, add);
  return violations;
}

/** What was certainly counted, and what may have been: of sessions that were lost it is not known. */
function checkTotals(
  world: World,
  room: string,
  total: number,
  add: (client: string, detail: string) => void,
): void {
  let least = 0;
  let most = 0;
  for (const client of world.clients) {
    for (const kept of client.keepsakes) {
      const fate = client.fateOf(kept);
      if (kept.what !== 'counted' || kept.room !== room || fate === 'refused') continue;
      least += fate === 'done' ? kept.count : Math.min(0, kept.count);
      most += fate === 'done' ? kept.count : Math.max(0, kept.count);
    }
  }
  if (total < least || total > most) add('gateway', `the total is ${total}, and must be ${least} to ${most}`);
}

/** Everybody goes, or the gateway does; nothing is left of them. */
export async function end(world: World, atOnce: boolean): Promise<Violation[]> {
  const { node, engine, watch, limits, clock, errors } = world;
  if (atOnce) {
    watch.stopping = true;
    const isOver = node.drain({ deadlineMs: 500, graceMs: 0, endpoints: [], alone: false });
    await world.pass(500);
    await isOver;
  } else {
    for (const client of world.live) client.stop();
    await world.pass(Math.max(limits.resumeWindowMs, limits.holdMs) + 2000);
    const { sessions, connections, rooms } = node.figures;
    const inboxes = [...watch.sessions.keys()].filter((id) => engine.inbox(id) !== undefined).length;
    const left = checkDrained({ sessions, connections, rooms, inboxes });
    if (left.length > 0) return left;
  }
  await node.stop();
  await world.settle();
  const { sessions, connections } = node.figures;
  return [
    ...checkDrained({ sessions, connections, timers: clock.timers }),
    ...errors.map((detail): Violation => ({ rule: 'health', client: 'gateway', detail })),
  ];
}

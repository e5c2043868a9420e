import { setTimeout as delay } from 'node:timers/promises';
import { cpuMicros, residentKib } from '../harness/accounting.ts';
import { Calls } from './calls.ts';
import type { Client } from './client.ts';
import type { Job, Measurement } from './job.ts';
import type { Load, LoadParts } from './load.ts';
import { Meter } from './meter.ts';
import { openClients } from './open-clients.ts';
import { ClosedTrickle, OpenTrickle } from './trickle.ts';

/** The longest time that a received frame goes without an acknowledgement. */
const ackMs = 1_000;

/** Carries out one job. Rejects when a message was lost, doubled, altered, or not acknowledged. */
export async function runRound({
  target,
  scenario,
  seed,
  rampMs,
  windowMs,
  patienceMs,
}: Job): Promise<Measurement> {
  const clients = await openClients(target, scenario.connections);
  const acknowledging = setInterval(() => {
    for (const client of clients) client.acknowledge();
  }, ackMs);
  const fault = Promise.withResolvers<never>();
  for (const client of clients) client.onFault = fault.reject;
  const meter = new Meter();
  const load = loadOf({ clients, meter, seed }, scenario.load);
  try {
    return await Promise.race([fault.promise, measure()]);
  } finally {
    load.stop();
    clearInterval(acknowledging);
    await Promise.all(clients.map((client) => client.close()));
  }

  async function measure(): Promise<Measurement> {
    await load.start();
    await delay(rampMs);
    const before = reading(target.pid, clients);
    meter.turnOn();
    await delay(windowMs);
    const after = reading(target.pid, clients);
    meter.turnOff();
    load.stop();
    await settle(load, clients, patienceMs);
    if (meter.units === 0) throw new Error(`nothing arrived within ${windowMs} ms`);
    return {
      relayed: meter.relayed,
      units: meter.units,
      cpuMicros: after.cpuMicros - before.cpuMicros,
      seconds: (after.at - before.at) / 1000,
      residentKib: residentKib(target.pid),
      p50Ms: meter.quantile(0.5),
      p99Ms: meter.quantile(0.99),
      toServer: after.toServer - before.toServer,
      fromServer: after.fromServer - before.fromServer,
    };
  }
}

function loadOf(parts: LoadParts, load: Job['scenario']['load']): Load {
  switch (load.kind) {
    case 'closed':
      return new ClosedTrickle(parts, load.inFlight);
    case 'open':
      return new OpenTrickle(parts, load.perSecond);
    case 'calls':
      return new Calls(parts, load.candidates);
  }
}

function reading(pid: number, clients: readonly Client[]) {
  let toServer = 0;
  let fromServer = 0;
  for (const client of clients) {
    toServer += client.toServer;
    fromServer += client.fromServer;
  }
  return { cpuMicros: cpuMicros(pid), at: performance.now(), toServer, fromServer };
}

async function settle(load: Load, clients: readonly Client[], patienceMs: number): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!load.isDone || !clients.every((client) => client.isSettled)) {
    if (performance.now() > until) throw new Error(`after ${patienceMs} ms: ${missing(clients)}`);
    await delay(5);
  }
}

function missing(clients: readonly Client[]): string {
  const sent = clients.reduce((sum, client) => sum + client.sent, 0);
  const received = clients.reduce((sum, client) => sum + client.received, 0);
  const unsettled = clients.filter((client) => !client.isSettled).length;
  return `${sent} messages were sent, ${received} arrived; ${unsettled} clients lack acknowledgements`;
}

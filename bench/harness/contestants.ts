import type { Subject, Workspace } from '../subjects/subject.ts';
import { isGateway } from '../subjects/subjects.ts';
import { Generator } from './generator.ts';
import { Server } from './server.ts';

/** A subject's server, and the generator that loads it. */
export interface Contestant {
  readonly server: Server;
  readonly generator: Generator;
}

/**
 * The processes of a run. Those that are shared run from their first scenario to the end, idle while others are measured.
 */
export class Contestants {
  readonly #workspace: Workspace;
  readonly #profileFolder: string | undefined;
  readonly #shared = new Map<string, Promise<Contestant>>();
  readonly #running = new Set<Contestant>();

  /** @param profileFolder where gateways write profiles of all that they do; absent: they write none */
  constructor(workspace: Workspace, profileFolder: string | undefined) {
    this.#workspace = workspace;
    this.#profileFolder = profileFolder;
  }

  /** The shared one; where profiles are written, one of the scenario's own. */
  of(subject: Subject, scenario: string): Promise<Contestant> {
    const key = this.#key(subject, scenario);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const starting = this.start(subject, scenario);
    this.#shared.set(key, starting);
    return starting;
  }

  /** Ends the shared one, where there is one: the next to ask for it gets a new one. */
  async discard(subject: Subject, scenario: string): Promise<void> {
    const key = this.#key(subject, scenario);
    const known = this.#shared.get(key);
    this.#shared.delete(key);
    // One that did not start has nothing to end.
    await known?.then(
      (contestant) => this.stop(contestant),
      () => {},
    );
  }

  /** One of its own. */
  async start(subject: Subject, scenario: string): Promise<Contestant> {
    const server = await Server.start(subject, this.#workspace, this.#nodeArgs(subject, scenario));
    const contestant = { server, generator: new Generator() };
    this.#running.add(contestant);
    return contestant;
  }

  async stop(contestant: Contestant): Promise<void> {
    const { server, generator } = contestant;
    this.#running.delete(contestant);
    await Promise.all([server.stop(), generator.stop()]);
  }

  async stopAll(): Promise<void> {
    await Promise.allSettled(this.#shared.values());
    await Promise.all([...this.#running].map((contestant) => this.stop(contestant)));
  }

  #key({ name }: Subject, scenario: string): string {
    return this.#profileFolder === undefined ? name : `${scenario} ${name}`;
  }

  #nodeArgs(subject: Subject, scenario: string): readonly string[] {
    const folder = this.#profileFolder;
    if (folder === undefined || !isGateway(subject)) return [];
    const name = profileName(scenario, subject.name);
    return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`];
  }
}

export function profileName(scenario: string, subject: string): string {
  return `${scenario}.${subject}.cpuprofile`;
}

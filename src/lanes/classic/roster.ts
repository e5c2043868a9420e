/** A participant as far as the classic dialect knows one. */
export interface Entry {
  readonly id: string;
  readonly identity: string;
}

/** Identities that came and went. */
export interface RosterChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/**
 * The other participants of the room, seen through identities: the classic dialect has one name for each client, so an
 * identity is present as long as one participant has it.
 */
export class Roster {
  readonly #own: string;
  readonly #byId = new Map<string, Entry>();
  /** The participant of an identity that last sent something: answers go to it. */
  readonly #spoke = new Map<string, string>();
  /** Ids of a snapshot whose pages are still coming. */
  #pages: Set<string> | undefined;

  /** `own`: id of the client's own participant, which is never listed. */
  constructor(own: string) {
    this.#own = own;
  }

  get identities(): string[] {
    return [...new Set([...this.#byId.values()].map(({ identity }) => identity))];
  }

  identityOf(id: string): string | undefined {
    return this.#byId.get(id)?.identity;
  }

  /** The participant that `name` means: an identity, of whose participants the one that spoke last, or an id. */
  find(name: string): string | undefined {
    const spoke = this.#spoke.get(name);
    if (spoke !== undefined) return spoke;
    const entries = [...this.#byId.values()];
    return entries.findLast(({ identity }) => identity === name)?.id ?? this.#byId.get(name)?.id;
  }

  /** Remembers that `id` sent something. */
  spoke(id: string): void {
    const identity = this.identityOf(id);
    if (identity !== undefined) this.#spoke.set(identity, id);
  }

  /** Participants came and went, by id. */
  change(joined: readonly Entry[], left: readonly string[]): RosterChange {
    const before = new Set(this.identities);
    for (const entry of joined) if (entry.id !== this.#own) this.#byId.set(entry.id, entry);
    for (const id of left) this.#remove(id);
    const after = new Set(this.identities);
    return {
      joined: [...after].filter((identity) => !before.has(identity)),
      left: [...before].filter((identity) => !after.has(identity)),
    };
  }

  /** One page of a snapshot. Who is on no page has left, which shows with the last page. */
  snapshot(page: readonly Entry[], complete: boolean): RosterChange {
    const pages = this.#pages ?? new Set();
    for (const { id } of page) pages.add(id);
    this.#pages = complete ? undefined : pages;
    const gone = complete ? [...this.#byId.keys()].filter((id) => !pages.has(id)) : [];
    return this.change(page, gone);
  }

  #remove(id: string): void {
    const identity = this.identityOf(id);
    this.#byId.delete(id);
    if (identity !== undefined && this.#spoke.get(identity) === id) this.#spoke.delete(identity);
  }
}

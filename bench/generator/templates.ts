import type { Kind } from './payload.ts';
import type { Template } from './template.ts';

const kinds: readonly Kind[] = ['candidate', 'offer', 'answer', 'message', 'offer-of-many'];

/** What a client says to its peer, or what of its peer it expects: byte for byte, but for the counts. Made as needed. */
export class Templates {
  readonly #make: (kind: Kind, candidates: number) => Template;
  readonly #mostCandidates: number;
  readonly #made = new Map<string, Template>();

  /** @param mostCandidates so many does the protocol join in one message */
  constructor(make: (kind: Kind, candidates: number) => Template, mostCandidates = 1) {
    this.#make = make;
    this.#mostCandidates = mostCandidates;
  }

  of(kind: Kind, candidates = 1): Template {
    const key = `${kind}${candidates}`;
    const made = this.#made.get(key) ?? this.#make(kind, candidates);
    this.#made.set(key, made);
    return made;
  }

  /** Messages of different kinds have different lengths. */
  ofLength(length: number): { readonly kind: Kind; readonly template: Template } | undefined {
    for (const kind of kinds) {
      if (this.of(kind).length === length) return { kind, template: this.of(kind) };
    }
    for (let candidates = 2; candidates <= this.#mostCandidates; candidates += 1) {
      const template = this.of('candidate', candidates);
      if (template.length === length) return { kind: 'candidate', template };
    }
    return undefined;
  }
}

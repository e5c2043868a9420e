/** What a client of a plain relay says. */
export type Said<Signal> =
  | { readonly kind: 'hello'; readonly name: string }
  | { readonly kind: 'join'; readonly room: string }
  | { readonly kind: 'leave'; readonly room: string }
  | { readonly kind: 'signal'; readonly to: string; readonly signal: Signal };

/** What it hears. */
export type Heard<Signal> =
  | { readonly kind: 'welcome'; readonly session: string }
  | { readonly kind: 'joined'; readonly room: string; readonly participant: string }
  | { readonly kind: 'left'; readonly room: string }
  | { readonly kind: 'signal'; readonly sender: string; readonly signal: Signal };

interface RelayClient<Signal> {
  take(said: Said<Signal>): void;
  gone(): void;
}

/** What a plain relay knows: who is there. No tokens, no acknowledgements, no checks. */
export class Relay<Signal> {
  readonly #clients = new Map<string, (heard: Heard<Signal>) => void>();

  enter(send: (heard: Heard<Signal>) => void): RelayClient<Signal> {
    const clients = this.#clients;
    let name = '';
    let address = '';
    const gone = (): void => void clients.delete(address);
    const take = (said: Said<Signal>): void => {
      switch (said.kind) {
        case 'signal':
          clients.get(said.to)?.({ kind: 'signal', sender: address, signal: said.signal });
          return;
        case 'hello':
          name = said.name;
          send({ kind: 'welcome', session: name });
          return;
        case 'join':
          gone();
          address = `${said.room}.${name}`;
          clients.set(address, send);
          send({ kind: 'joined', room: said.room, participant: address });
          return;
        case 'leave':
          gone();
          send({ kind: 'left', room: said.room });
      }
    };
    return { take, gone };
  }
}

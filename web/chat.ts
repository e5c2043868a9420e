import type { DataMessage, Room } from '../src/client/index.ts';
import { byId, make } from './elements.ts';
import { explain } from './words.ts';

const TYPE = 'chat';
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** The chat of one room. */
export class Chat {
  readonly #room: Room;
  readonly #list = byId('messages');
  readonly #text = byId<HTMLInputElement>('chat-text');
  readonly #stops: (() => void)[] = [];

  constructor(room: Room) {
    this.#room = room;
    this.#list.replaceChildren();
    for (const message of room.history) this.#show(message);
    this.#stops.push(room.on('message', (message) => this.#show(message)));
    const form = byId<HTMLFormElement>('chat-form');
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text === '') return;
      this.#text.value = '';
      this.#send(text);
    };
  }

  close(): void {
    for (const stop of this.#stops) stop();
    byId<HTMLFormElement>('chat-form').onsubmit = (event) => event.preventDefault();
  }

  /** The own message is in the list when the room's echo of it comes; until then it is marked. */
  #send(text: string): void {
    const item = make('li', 'pending', `${text} (sending…)`);
    this.#append(item);
    this.#room.send(TYPE, text).then(
      () => item.remove(),
      (error: unknown) => {
        item.textContent = `${text} (not sent: ${explain(error)}) `;
        const again = make('button', 'quiet', 'Send again');
        again.type = 'button';
        again.onclick = () => {
          item.remove();
          this.#send(text);
        };
        item.append(again);
      },
    );
  }

  #show({ type, name, content, own, acceptedAt }: DataMessage): void {
    if (type !== TYPE || typeof content !== 'string') return;
    const item = make('li', own ? 'own' : '');
    const who = make('span', 'who', name || 'Somebody');
    who.dir = 'auto';
    const said = make('span', 'said', content);
    said.dir = 'auto';
    const when = make('time', '', time.format(acceptedAt));
    when.dateTime = acceptedAt.toISOString();
    item.append(who, ' ', when, ' ', said);
    this.#append(item);
  }

  #append(item: HTMLElement): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#list.append(item);
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

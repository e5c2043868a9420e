import { type ClassicFault, type ClassicMessage, isObject, missing } from './classic-message.ts';

/** What a `register` message asks for. */
export interface Registration {
  /** Identity, and id on the classic wire. */
  readonly id: string;
  readonly room: string;
  /** Display name: the page's, else the id. */
  readonly name: string;
  /** Token that the page brought, '' when the gateway must make one. */
  readonly token: string;
}

/**
 * Reads `{"type":"register","data":{"id":…}}`. `data` may be the id itself, and `id`, `room`, `name` and `token` may
 * stand beside `type`. The room is the message's, else that of `?room=` in `url`, else `defaultRoom`.
 */
export function readRegistration(
  message: ClassicMessage,
  url: string,
  defaultRoom: string,
): Registration | ClassicFault {
  const data = isObject(message.data) ? message.data : { id: message.data };
  const read = (field: string) => text(data[field]) || text(message.whole[field]);
  const id = read('id');
  if (id === '') return missing('data.id', 'a string that names this client');
  const room = read('room') || (queryOf(url).get('room') ?? '') || defaultRoom;
  return { id, room, name: read('name') || id, token: read('token') };
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

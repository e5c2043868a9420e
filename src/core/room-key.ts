/** A room's key in the engine: its tenant and its name. Two tenants never meet, whatever their rooms are called. */
export type RoomKey = string & { readonly RoomKey: never };

/** Neither tenants nor rooms contain control characters, so that the separator is unambiguous. */
const separator = '\u0000';

export function roomKey(tenant: string, name: string): RoomKey {
  return `${tenant}${separator}${name}` as RoomKey;
}

export function roomNameOf(key: RoomKey): string {
  return key.slice(key.indexOf(separator) + 1);
}

export function tenantOf(key: RoomKey): string {
  return key.slice(0, key.indexOf(separator));
}

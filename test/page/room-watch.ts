import { onTestFinished } from 'vitest';

/** Whom the gateway lists, by name. It asks the gateway itself, not a page. */
export async function listed(url: string, room: string): Promise<string[]> {
  const names = (await entries(url, room)).map(({ name }) => name);
  return names.sort();
}

interface Entry {
  readonly id: string;
  readonly name: string;
}

async function entries(url: string, room: string): Promise<readonly Entry[]> {
  const token = await (await fetch(`${url}/dev/token?identity=watch&admin=1`)).text();
  const response = await fetch(`${url}/signalbox.v1.RoomService/ListParticipants`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ room }),
  });
  // Nobody has been in the room yet, or nobody is any more.
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`ListParticipants: ${response.status} ${await response.text()}`);
  const { participants = [] } = (await response.json()) as { readonly participants?: readonly Entry[] };
  return participants;
}

/** What the gateway's roster went through, as `+Ada` and `-Ada`. */
export interface RosterWatch {
  readonly changes: string[];
}

/** Looks at the gateway's roster all the time, from who is there now. */
export async function watchRoster(url: string, room: string): Promise<RosterWatch> {
  const changes: string[] = [];
  let before = new Map((await entries(url, room)).map(({ id, name }) => [id, name]));
  let over = false;
  const watch = async (): Promise<void> => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      // Between two gateways there is none.
      const found = await entries(url, room).catch(() => undefined);
      if (found === undefined) continue;
      const now = new Map(found.map(({ id, name }) => [id, name]));
      for (const [id, name] of before) if (!now.has(id)) changes.push(`-${name}`);
      for (const [id, name] of now) if (!before.has(id)) changes.push(`+${name}`);
      before = now;
    }
  };
  const watching = watch();
  onTestFinished(async () => {
    over = true;
    await watching;
  });
  return { changes };
}

import { effect } from '@preact/signals';
import type { Call } from './call.ts';
import type { Say } from './notes.ts';
import { explain, explainRefusal, isolate } from './sentences.ts';

/** Says what happens in a call: who comes and goes, what was written, what became of devices. Returns what ends it. */
export function tellOf(call: Call): readonly (() => void)[] {
  const { notes, peers, chat, host, media, look } = call;
  const add = (say: Say, opens?: 'chat' | 'people') => notes.add(say, opens);
  let locked: boolean | undefined;
  let raised: readonly string[] | undefined;
  return [
    peers.joined.on(({ name, identity }) => add(({ notes: say }) => say.joined(isolate(name || identity)))),
    peers.left.on(({ view: { name, identity }, reason }) =>
      add(({ notes: say }) => (reason === 'removed' ? say.wasRemoved : say.left)(isolate(name || identity))),
    ),
    chat.arrived.on(({ name, text }) => {
      if (look.panel.peek() === 'chat') return;
      const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
      add((words) => words.notes.said(isolate(name || words.chat.somebody), isolate(short)), 'chat');
    }),
    host.knocked.on(({ name }) => add(({ notes: say }) => say.knocks(isolate(name)), 'people')),
    host.asked.on(({ ask, sources }) => {
      const concerned = sources.length === 0 || sources.includes('microphone');
      const heard = media.state.value.microphone.state === 'on';
      if (ask === 'mute' && concerned && heard) void media.setMuted('microphone', true);
      add(({ notes: say }) => (ask === 'mute' ? say.askedToMute : say.askedToUnmute));
    }),
    effect(() => {
      const now = call.tools.value.locked;
      if (locked !== undefined && locked !== now) add(({ notes: say }) => (now ? say.locked : say.unlocked));
      locked = now;
    }),
    effect(() => {
      const now = call.tools.value.hands.filter(({ id }) => id !== call.self.id);
      const before = raised;
      raised = now.map(({ id }) => id);
      if (before === undefined) return;
      for (const { id, name } of now) {
        if (!before.includes(id)) add(({ notes: say }) => say.hand(isolate(name)), 'people');
      }
    }),
    media.notes.on((note) => {
      switch (note.note) {
        case 'fallback':
          return add(({ devices }) => devices.fellBack(note.source, isolate(note.lost), isolate(note.now)));
        case 'lost':
          return notes.fail(({ devices }) => devices.lost(note.source, isolate(note.lost)));
        case 'plugged':
          return add(({ devices }) => devices.plugged(isolate(note.device.label)));
        case 'screen_ended':
          return add(({ notes: say }) => say.screenEnded);
        case 'refused':
          return notes.fail(
            (words) => explainRefusal(note.refusal, note.source, words),
            again(call, note.source),
          );
        case 'not_published':
          return notes.fail((words) => words.notes.notPublished(explain(note.error, words)));
      }
    }),
  ];
}

/** Asks for a refused device once more; a screen is chosen anew by its own button. */
function again({ media, notes }: Call, source: 'camera' | 'microphone' | 'screen'): (() => void) | undefined {
  if (source === 'screen') return undefined;
  return () => {
    notes.clear();
    void media.setMuted(source, false);
  };
}

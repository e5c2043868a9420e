import { useEffect, useRef } from 'preact/hooks';
import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import { shortcutOf } from '../app/shortcuts.ts';
import { Bars } from './bars.tsx';
import { CallDialogs } from './call-dialogs.tsx';
import { ChatPanel } from './chat-panel.tsx';
import { Controls } from './controls.tsx';
import { DetailsPanel } from './details-panel.tsx';
import { Header } from './header.tsx';
import { InviteCard } from './invite.tsx';
import { NotesView } from './notes-view.tsx';
import { PeoplePanel } from './people-panel.tsx';
import { ReactionFloats } from './reaction-floats.tsx';
import { Sound } from './sound.tsx';
import { Stage } from './stage.tsx';

/** In the call: header, pictures, one panel beside them, controls. */
export function CallView({ app, call }: { readonly app: App; readonly call: Call }) {
  const page = useRef<HTMLDivElement>(null);
  const { panel } = call.look;
  const open = panel.value;
  const alone = call.everybody.value.length === 0;
  useEffect(() => {
    page.current?.querySelector<HTMLElement>('#call-title')?.focus();
    const onKey = (event: KeyboardEvent) => press(call, event);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [call]);
  return (
    <div id="call" ref={page} class="call" data-panel={open ?? 'none'} data-phase={call.phase.value.is}>
      <Header app={app} call={call} />
      <Bars app={app} call={call} />
      <main class={`room ${alone ? 'alone' : ''}`}>
        <Stage call={call} />
        {alone && <InviteCard app={app} />}
        <ReactionFloats call={call} />
        <NotesView call={call} />
      </main>
      {open === 'chat' && <ChatPanel call={call} />}
      {open === 'people' && <PeoplePanel call={call} />}
      {open === 'details' && <DetailsPanel call={call} />}
      <footer class="call-foot">
        <Controls call={call} />
      </footer>
      <CallDialogs app={app} call={call} />
      <Sound app={app} call={call} />
    </div>
  );
}

function press(call: Call, event: KeyboardEvent): void {
  const { look } = call;
  const shortcut = shortcutOf(event);
  if (shortcut === undefined || event.defaultPrevented) return;
  // What is open over the call has the keyboard, but for the key that closes it.
  if (look.dialog.value !== undefined && shortcut !== 'close') return;
  switch (shortcut) {
    case 'microphone':
      call.toggleMicrophone();
      break;
    case 'camera':
      call.toggleCamera();
      break;
    case 'screen':
      call.toggleScreen();
      break;
    case 'hand':
      call.toggleHand();
      break;
    case 'chat':
      look.toggle('chat');
      event.preventDefault();
      break;
    case 'help':
      look.dialog.value = 'shortcuts';
      break;
    case 'close':
      look.closeTop();
  }
}

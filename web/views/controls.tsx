import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';

/** The buttons of the call, always in reach. */
export function Controls({ call }: { readonly call: Call }) {
  const { call: words } = language.value.words;
  const { look } = call;
  const { microphone, camera, screens, canShareScreen } = call.own.value;
  const sharing = screens.length > 0;
  const raised = call.tools.value.handRaised;
  const unread = call.unread.value;
  return (
    <div id="controls" class="controls" role="toolbar" aria-label={words.toolbar}>
      <Control
        id="microphone"
        icon={microphone.state === 'on' ? 'microphone' : 'microphoneOff'}
        label={
          microphone.state === 'on'
            ? words.mute
            : microphone.state === 'muted'
              ? words.unmute
              : words.turnOnMicrophone
        }
        state={stateOf(microphone.state)}
        keys="M"
        act={() => call.toggleMicrophone()}
      />
      <Control
        id="camera"
        icon={camera.state === 'on' ? 'camera' : 'cameraOff'}
        label={camera.state === 'on' ? words.cameraOff : words.cameraOn}
        state={stateOf(camera.state)}
        keys="V"
        act={() => call.toggleCamera()}
      />
      <Control
        id="screen"
        icon={sharing ? 'screenOff' : 'screen'}
        label={sharing ? words.stopSharing : words.share}
        state={sharing ? 'active' : 'idle'}
        keys="S"
        hidden={!canShareScreen}
        act={() => call.toggleScreen()}
      />
      <Control
        id="hand"
        class="wide-only"
        icon="hand"
        label={raised ? words.lowerHand : words.raiseHand}
        state={raised ? 'active' : 'idle'}
        keys="H"
        act={() => call.toggleHand()}
      />
      <Control
        id="react"
        class="wide-only"
        icon="smile"
        label={words.react}
        state="idle"
        act={() => {
          look.menu.value = 'reactions';
        }}
      />
      <Control
        id="chat-toggle"
        icon="chat"
        label={words.chat(unread)}
        state={look.panel.value === 'chat' ? 'active' : 'idle'}
        expanded={look.panel.value === 'chat'}
        badge={unread}
        keys="C"
        act={() => look.toggle('chat')}
      />
      <Control
        id="more"
        icon="more"
        label={words.more}
        state="idle"
        act={() => {
          look.menu.value = 'more';
        }}
      />
      <Control
        id="leave"
        class="leave"
        icon="leave"
        label={words.leave}
        state="idle"
        act={() => call.leave()}
      />
    </div>
  );
}

interface ControlProps {
  readonly id: string;
  readonly icon: IconName;
  readonly label: string;
  /** 'on', 'muted', 'none' of a device; 'active' and 'idle' of the rest. */
  readonly state: string;
  readonly class?: string;
  readonly keys?: string;
  readonly hidden?: boolean;
  readonly expanded?: boolean;
  readonly badge?: number;
  readonly act: () => void;
}

function Control({
  id,
  icon,
  label,
  state,
  class: more = '',
  keys,
  hidden,
  expanded,
  badge = 0,
  act,
}: ControlProps) {
  return (
    <button
      id={id}
      type="button"
      class={`control ${more}`}
      data-state={state}
      hidden={hidden}
      aria-expanded={expanded}
      aria-keyshortcuts={keys}
      title={keys === undefined ? label : `${label} (${keys})`}
      onClick={act}
    >
      <span class="control-icon">
        <Icon name={icon} />
        {badge > 0 && (
          <span class="badge" aria-hidden="true">
            {badge > 99 ? '99+' : badge}
          </span>
        )}
      </span>
      <span class="control-label">{label}</span>
    </button>
  );
}

function stateOf(state: 'off' | 'opening' | 'on' | 'muted' | 'refused'): 'on' | 'muted' | 'none' {
  return state === 'on' || state === 'muted' ? state : 'none';
}

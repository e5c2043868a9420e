import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { CopyButton } from './copy-button.tsx';
import { Icon } from './icons.tsx';
import { TryNow } from './try-now.tsx';

/** Which room, who is in it, and how the connection to the gateway is. It keeps its height whatever it says. */
export function Header({ app, call }: { readonly app: App; readonly call: Call }) {
  const { call: words, states, invite, people } = language.value.words;
  const phase = call.phase.value;
  const { locked, waiting } = call.tools.value;
  const offline = !call.online.value;
  const status =
    phase.is === 'reconnecting' || phase.is === 'offline'
      ? states.reconnecting
      : phase.is === 'suspended'
        ? states.suspended
        : '';
  return (
    <header class="call-head">
      <div class="call-room">
        <h1 id="call-title" tabIndex={-1} title={call.name}>
          <bdi>{call.name}</bdi>
        </h1>
        {locked && (
          <span class="lock" role="img" title={people.locked} aria-label={people.locked}>
            <Icon name="lock" />
          </span>
        )}
      </div>
      <div class="call-status" data-shown={status !== '' || offline}>
        <div class="call-status-text">
          {offline && <p id="offline">{states.offline}</p>}
          <p id="status" role="status">
            {status}
          </p>
        </div>
        {(phase.is === 'reconnecting' || phase.is === 'offline') && <TryNow call={call} />}
      </div>
      <div class="call-head-tools">
        <button
          type="button"
          class="plain people-button"
          aria-expanded={call.look.panel.value === 'people'}
          data-panel="people"
          onClick={() => call.look.toggle('people')}
        >
          <Icon name="people" />
          <span class="visually-hidden">{words.people}</span>
          <span id="count">{words.participants(call.count.value)}</span>
          {waiting.length > 0 && (
            <span class="badge">
              {waiting.length} <span class="visually-hidden">{people.waiting}</span>
            </span>
          )}
        </button>
        <CopyButton
          id="copy-link"
          icon="link"
          text={() => app.link}
          label={invite.copy}
          done={invite.copied}
          failed={invite.copyByHand}
        />
      </div>
    </header>
  );
}

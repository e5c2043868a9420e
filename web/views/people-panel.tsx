import { useSignal } from '@preact/signals';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { isolate } from '../app/sentences.ts';
import { Icon } from './icons.tsx';
import { Panel } from './panel.tsx';

/** Who waits, who has a hand up, who is there; and what a host can do about it. */
export function PeoplePanel({ call }: { readonly call: Call }) {
  const { people: words, notes } = language.value.words;
  const { moderator, locked, waiting, hands } = call.tools.value;
  return (
    <Panel id="people" title={language.value.words.people.title} look={call.look}>
      <div class="panel-scroll" tabIndex={-1}>
        {waiting.length > 0 && (
          <section aria-labelledby="waiting-title">
            <h3 id="waiting-title">{words.waiting}</h3>
            <ul id="waiting" class="people">
              {waiting.map(({ id, name, knock }) => (
                <li key={id} data-name={name}>
                  <span class="person">
                    <bdi>{name}</bdi>
                    {knock !== '' && <span class="hint">{knock}</span>}
                  </span>
                  <button
                    type="button"
                    class="primary small admit"
                    aria-label={words.admit(isolate(name))}
                    onClick={() => void call.host.admit(id)}
                  >
                    {words.admitShort}
                  </button>
                  <button
                    type="button"
                    class="plain small deny"
                    aria-label={words.deny(isolate(name))}
                    onClick={() => void call.host.deny(id)}
                  >
                    {words.denyShort}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        {hands.length > 0 && (
          <section aria-labelledby="hands-title">
            <h3 id="hands-title">{words.hands}</h3>
            <ul id="hands" class="people">
              {hands.map(({ id, name }) => (
                <li key={id}>
                  <Icon name="hand" />
                  <bdi class="person">{name}</bdi>
                  {moderator && (
                    <button
                      type="button"
                      class="plain small"
                      aria-label={words.lower(isolate(name))}
                      onClick={() => void call.host.lowerHand(id)}
                    >
                      {words.lowerShort}
                    </button>
                  )}
                </li>
              ))}
            </ul>
          </section>
        )}
        <section aria-labelledby="in-call-title">
          <h3 id="in-call-title">{words.inCall}</h3>
          <Roster call={call} />
        </section>
      </div>
      {locked && <p class="hint panel-note">{words.locked}</p>}
      {moderator && (
        <div class="panel-foot">
          <button
            type="button"
            id="lock"
            class="plain"
            title={locked ? notes.unlocked : notes.locked}
            onClick={() => void call.host.setLocked(!locked)}
          >
            <Icon name={locked ? 'unlock' : 'lock'} /> {locked ? words.unlock : words.lock}
          </button>
          <EndForAll call={call} />
        </div>
      )}
    </Panel>
  );
}

function Roster({ call }: { readonly call: Call }) {
  const { people: words, tile: tileWords } = language.value.words;
  return (
    <ul id="roster" class="people">
      {call.tiles.value
        .filter(({ screen }) => !screen)
        .map((tile) => (
          <li key={tile.key}>
            <span class="person">
              <bdi>{tile.name}</bdi>
              <span class="hint">
                {[
                  tile.own && tileWords.yourself,
                  tile.moderator && words.host,
                  tile.microphone === 'muted' && tileWords.muted,
                  tile.microphone === 'none' && tileWords.noMicrophone,
                  tile.link.state === 'unstable' && tileWords.unstable,
                ]
                  .filter((text) => typeof text === 'string')
                  .join(' · ')}
              </span>
            </span>
            <button
              type="button"
              class="round quiet"
              aria-label={tileWords.actions(isolate(tile.name))}
              onClick={() => {
                call.look.dialog.value = { tile: tile.key };
              }}
            >
              <Icon name="more" />
            </button>
          </li>
        ))}
    </ul>
  );
}

/** Ends the call of others: the one thing that is asked for twice. */
function EndForAll({ call }: { readonly call: Call }) {
  const { people: words } = language.value.words;
  const sure = useSignal(false);
  return (
    <button
      type="button"
      id="end-for-all"
      class="plain danger"
      onClick={() => {
        if (sure.value) void call.host.end();
        sure.value = true;
      }}
      onBlur={() => {
        sure.value = false;
      }}
    >
      {sure.value ? words.endSure : words.end}
    </button>
  );
}

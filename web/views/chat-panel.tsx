import { useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { clock } from '../model/chat-time.ts';
import { ChatLineView } from './chat-line.tsx';
import { Icon } from './icons.tsx';
import { Panel } from './panel.tsx';

/** Closer than this to the end one reads what comes; farther up one is left alone. In CSS pixels. */
const NEAR = 60;

/** What was said, and a field to say something. */
export function ChatPanel({ call }: { readonly call: Call }) {
  const { words, tag } = language.value;
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  /** Of the list, as last known. */
  const height = useRef(0);
  const text = useSignal('');
  const lines = call.lines.value;
  const time = useMemo(() => clock(tag.startsWith('en') ? undefined : tag), [tag]);
  useLayoutEffect(() => {
    const element = list.current;
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  // Who reads the end goes on reading it when the panel becomes another size: a keyboard comes up, a phone is turned.
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      height.current = element.clientHeight;
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const send = (event: Event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (said === '') return;
    atEnd.current = true;
    if (call.chat.send(said)) text.value = '';
  };
  return (
    <Panel id="chat" title={words.chat.title} look={call.look}>
      {lines.length === 0 && <p class="panel-empty hint">{words.chat.empty}</p>}
      <div
        id="messages"
        ref={list}
        class="messages"
        role="log"
        aria-live="polite"
        aria-label={words.chat.title}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          // What scrolls because the panel became another size was not scrolled by the reader.
          if (clientHeight === height.current) atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
        }}
      >
        <ol>
          {lines.map((line) => (
            <ChatLineView key={line.key} line={line} chat={call.chat} time={time} />
          ))}
        </ol>
      </div>
      {call.chat.allowed ? (
        <form id="chat-form" class="chat-form" onSubmit={send}>
          <label for="chat-text" class="visually-hidden">
            {words.chat.message}
          </label>
          <input
            id="chat-text"
            data-first
            maxLength={2000}
            autocomplete="off"
            dir="auto"
            enterkeyhint="send"
            placeholder={words.chat.placeholder}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
          <button type="submit" class="round primary" aria-label={words.chat.send} title={words.chat.send}>
            <Icon name="send" />
          </button>
        </form>
      ) : (
        <p class="hint panel-empty">{words.chat.notAllowed}</p>
      )}
    </Panel>
  );
}

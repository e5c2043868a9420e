import { language } from '../app/language.ts';
import type { ChatLine, ChatLog } from '../model/chat-log.ts';

interface ChatLineProps {
  readonly line: ChatLine;
  readonly chat: ChatLog;
  readonly time: (at: Date, now: Date) => string;
}

/** One message. What was typed is text: of it only addresses of the web become links. */
export function ChatLineView({ line, chat, time }: ChatLineProps) {
  const { chat: words, reasons, tile } = language.value.words;
  const { state } = line;
  return (
    <li class={`message ${line.own ? 'own' : ''}`} data-state={state.is}>
      <p class="message-head">
        <bdi class="who">{line.own ? tile.yourself : line.name || words.somebody}</bdi>{' '}
        <time dateTime={line.at.toISOString()}>
          {state.is === 'pending' ? words.sending : time(line.at, new Date())}
        </time>
      </p>
      <p class="said" dir="auto">
        {line.parts.map((part, index) =>
          'link' in part ? (
            <a key={`${index}`} href={part.link} target="_blank" rel="noopener noreferrer nofollow">
              {part.text}
            </a>
          ) : (
            part.text
          ),
        )}
      </p>
      {state.is === 'failed' && (
        <div class="message-failed" role="alert">
          <span>{words.notSent(reasons[state.reason])}</span>
          {state.retryable && (
            <button type="button" class="plain small" onClick={() => chat.retry(line.key)}>
              {words.retry}
            </button>
          )}
          <button type="button" class="plain small" onClick={() => chat.discard(line.key)}>
            {words.discard}
          </button>
        </div>
      )}
    </li>
  );
}

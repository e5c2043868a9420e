import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import { CopyButton } from './copy-button.tsx';
import { Icon } from './icons.tsx';
import { QrCode } from './qr-code.tsx';

/** Beside one's own picture while nobody else is there. */
export function InviteCard({ app }: { readonly app: App }) {
  const { states } = language.value.words;
  return (
    <section id="alone" class="invite-card" aria-labelledby="alone-title">
      <h2 id="alone-title">{states.alone}</h2>
      <p class="lead">{states.aloneDetail}</p>
      <InviteTools app={app} />
    </section>
  );
}

/** The link of the call: to copy, to share, to scan. */
export function InviteTools({ app }: { readonly app: App }) {
  const { invite: words } = language.value.words;
  const { link } = app;
  const share = () => {
    // Closing the sheet is no error.
    navigator
      .share({ title: document.title, text: words.shareText(app.room.value), url: link })
      .catch(() => {});
  };
  return (
    <div class="invite">
      <label class="field" for="invite-link">
        <span class="visually-hidden">{words.link}</span>
        <input
          id="invite-link"
          readOnly
          dir="ltr"
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
      </label>
      <div class="buttons row">
        <CopyButton
          id="invite-copy"
          class="primary"
          icon="copy"
          text={() => link}
          label={words.copy}
          done={words.copied}
          failed={words.copyByHand}
        />
        {typeof navigator.share === 'function' && (
          <button type="button" id="invite-share" class="plain" onClick={share}>
            <Icon name="share" /> {words.share}
          </button>
        )}
      </div>
      <figure class="qr">
        <QrCode text={link} label={words.code} />
        <figcaption class="hint">{words.scan}</figcaption>
      </figure>
    </div>
  );
}

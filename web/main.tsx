import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app/app.ts';
import { initLanguage, language } from './app/language.ts';
import { Root } from './views/root.tsx';

const app = new App(location);
initLanguage(app.language);

effect(() => {
  const { tag, direction, words } = language.value;
  document.documentElement.lang = tag;
  document.documentElement.dir = direction;
  const screen = app.screen.value;
  document.title = screen.at === 'call' ? `${screen.call.name} · ${words.product}` : words.product;
});

addEventListener('pagehide', () => app.hidden());
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) app.restored();
});

void app.goOn();
const place = document.getElementById('page');
if (place === null) throw new TypeError('the page has no place for the call');
render(<Root app={app} />, place);

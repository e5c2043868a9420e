import { language } from '../app/language.ts';

/** Every key of the call. */
export function ShortcutList() {
  const { keys } = language.value.words;
  const list = [
    ['M', keys.m],
    ['V', keys.v],
    ['S', keys.s],
    ['H', keys.h],
    ['C', keys.c],
    ['Esc', keys.esc],
    ['?', keys.help],
  ] as const;
  return (
    <dl class="keys">
      {list.map(([key, does]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a key does in a call. */
export type Shortcut = 'microphone' | 'camera' | 'screen' | 'hand' | 'chat' | 'close' | 'help';

const KEYS: Readonly<Record<string, Shortcut>> = {
  m: 'microphone',
  v: 'camera',
  s: 'screen',
  h: 'hand',
  c: 'chat',
  escape: 'close',
  '?': 'help',
};

/** What was pressed; undefined where it means nothing, or is being typed. */
export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return undefined;
  const shortcut = KEYS[event.key.toLowerCase()];
  const typing =
    event.target instanceof HTMLElement &&
    event.target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]') !== null;
  return typing && shortcut !== 'close' ? undefined : shortcut;
}

import { chooseLanguage, language, offered } from '../app/language.ts';
import { Icon } from './icons.tsx';

/** The language of the page, each by its own name. */
export function LanguagePicker() {
  const { name, words } = language.value;
  return (
    <label class="language">
      <Icon name="language" />
      <span class="visually-hidden">{words.call.language}</span>
      <select class="language-choice" onChange={(event) => chooseLanguage(event.currentTarget.value)}>
        {offered.map((each) => (
          <option key={each.name} value={each.name} lang={each.tag} selected={each.name === name}>
            {each.label}
          </option>
        ))}
      </select>
    </label>
  );
}

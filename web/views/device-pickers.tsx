import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import type { Device, Slot } from '../model/devices.ts';
import { Icon } from './icons.tsx';

/** Which camera, microphone and speaker are used. */
export function DevicePickers({ app }: { readonly app: App }) {
  const { devices: words } = language.value.words;
  const list = app.deviceList.value;
  const own = app.own.value;
  const current = (slot: 'camera' | 'microphone'): string | undefined => {
    const state = own[slot];
    return state.state === 'on' || state.state === 'muted' ? state.deviceId : app.devices.chosen(slot);
  };
  const unnamed = [...list.camera, ...list.microphone].every(({ label }) => label === '');
  return (
    <div class="pickers">
      <Picker
        slot="microphone"
        list={list.microphone}
        chosen={current('microphone')}
        choose={(id) => void app.media.use('microphone', id)}
      />
      <Picker
        slot="camera"
        list={list.camera}
        chosen={current('camera')}
        choose={(id) => void app.media.use('camera', id)}
      />
      {app.devices.canChooseSpeaker && list.speaker.length > 0 && (
        <Picker
          slot="speaker"
          list={list.speaker}
          chosen={app.speaker.value}
          choose={(id) => app.chooseSpeaker(id)}
        />
      )}
      {unnamed && <p class="hint">{words.allowFirst}</p>}
      {own.canFlip && (
        <button type="button" id="flip" class="plain" onClick={() => void app.media.flip()}>
          <Icon name="flip" /> {words.flip}
        </button>
      )}
    </div>
  );
}

interface PickerProps {
  readonly slot: Slot;
  readonly list: readonly Device[];
  readonly chosen: string | undefined;
  readonly choose: (id: string) => void;
}

function Picker({ slot, list, chosen, choose }: PickerProps) {
  const { devices: words } = language.value.words;
  const id = `pick-${slot}`;
  const known = list.filter((device) => device.id !== '');
  return (
    <label class="field" for={id}>
      <span>{words[slot]}</span>
      <select id={id} disabled={known.length === 0} onChange={(event) => choose(event.currentTarget.value)}>
        {known.length === 0 && <option value="">{list.length === 0 ? words.none : words.byDefault}</option>}
        {known.map((device, index) => (
          <option key={device.id} value={device.id} selected={device.id === chosen}>
            {device.label || words.unnamed(slot, index + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}

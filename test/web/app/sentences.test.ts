import { expect, it } from 'vitest';
import { explainMissing, together } from '../../../web/app/sentences.ts';
import { en } from '../../../web/words/en.ts';
import { zh } from '../../../web/words/zh.ts';

it('sentences have one space between them, also where it is part of the stop', () => {
  expect(together('One.', 'Two.', 'Three.')).toBe('One. Two. Three.');
  expect(together('一。', '二。')).toBe('一。二。');
});

it('two devices that are missing for one reason are told of once, for two reasons one after the other', () => {
  const camera = { kind: 'camera', refusal: { why: 'busy' } } as const;
  const microphone = { kind: 'microphone', refusal: { why: 'none' } } as const;
  const same = [camera, { kind: 'microphone', refusal: { why: 'busy' } }] as const;
  expect(explainMissing([...same], en)).toBe(
    'Another program uses camera and microphone. Close it there, and try again. You can join without, and turn it on later.',
  );
  expect(explainMissing([camera, microphone], en)).toBe(
    'Another program uses the camera. Close it there, and try again. No device was found for the microphone. Plug one in, and try again. You can join without, and turn it on later.',
  );
  expect(explainMissing([...same], zh)).not.toContain(' ');
});

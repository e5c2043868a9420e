import { AROUND_STATES } from './around-states.ts';
import { BEFORE_STATES } from './before-states.ts';
import { CALL_STATES } from './call-states.ts';
import type { State } from './state.ts';
import { TOOL_STATES } from './tool-states.ts';
import { TROUBLE_STATES } from './trouble-states.ts';

/** Every state of the page that has a name. */
export const STATES: readonly State[] = [
  ...BEFORE_STATES,
  ...AROUND_STATES,
  ...CALL_STATES,
  ...TROUBLE_STATES,
  ...TOOL_STATES,
];

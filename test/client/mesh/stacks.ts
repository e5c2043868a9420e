import wrtc from '@roamhq/wrtc';
import * as werift from 'werift';
import type { MeshOptions } from '../../../src/client/index.ts';

/** WebRTC stacks for Node. */
export const stacks = {
  wrtc: wrtc.RTCPeerConnection,
  werift: werift.RTCPeerConnection,
} satisfies Record<string, MeshOptions['RTCPeerConnection']>;

export type StackName = keyof typeof stacks;

/** Every pair of stacks, in both orders of joining. */
export const pairs: readonly (readonly [StackName, StackName])[] = [
  ['wrtc', 'wrtc'],
  ['werift', 'werift'],
  ['wrtc', 'werift'],
  ['werift', 'wrtc'],
];

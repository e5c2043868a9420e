import wrtc from '@roamhq/wrtc';
import { onTestFinished } from 'vitest';
import * as werift from 'werift';
import type { StackName } from './stacks.ts';

const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;

/** A track that is stopped when the test is finished. */
export function cameraTrack(): MediaStreamTrack {
  return stopped(new RTCVideoSource().createTrack());
}

export function microphoneTrack(): MediaStreamTrack {
  return stopped(new RTCAudioSource().createTrack());
}

/** A camera that gives frames of one shade until the test is finished. */
export function runningCamera(): MediaStreamTrack {
  const source = new RTCVideoSource();
  const [width, height] = [160, 120];
  const data = new Uint8Array((width * height * 3) / 2).fill(128);
  const timer = setInterval(() => source.onFrame({ width, height, data }), 40);
  onTestFinished(() => clearInterval(timer));
  return stopped(source.createTrack());
}

/** A video track of a stack's own make. */
export function videoOf(stack: StackName): MediaStreamTrack {
  if (stack === 'wrtc') return cameraTrack();
  // Alike in what is used here.
  return stopped(new werift.MediaStreamTrack({ kind: 'video' }) as unknown as MediaStreamTrack);
}

function stopped(track: MediaStreamTrack): MediaStreamTrack {
  onTestFinished(() => track.stop());
  return track;
}

import { InsecureContext } from './words.ts';

const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 } };

/** Camera and microphone; where one of them is missing, the other. Rejects with what the browser says. */
export async function openBoth(): Promise<MediaStream> {
  try {
    return await devices().getUserMedia({ audio: true, video: VIDEO });
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    return openCamera().catch(() => openMicrophone());
  }
}

export function openCamera(): Promise<MediaStream> {
  return devices().getUserMedia({ video: VIDEO });
}

export function openMicrophone(): Promise<MediaStream> {
  return devices().getUserMedia({ audio: true });
}

/** A screen, a window or a tab that the visitor chooses. */
export function openScreen(): Promise<MediaStream> {
  return devices().getDisplayMedia({ video: true, audio: true });
}

/** Phones cannot share their screen from a page. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

export function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function devices(): MediaDevices {
  if (navigator.mediaDevices === undefined) throw new InsecureContext();
  return navigator.mediaDevices;
}

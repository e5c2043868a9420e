import { useEffect, useRef } from 'preact/hooks';
import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import type { Playback } from '../model/playback.ts';

/** The voices, one element each and none to be seen: they stay while pictures come, go and move. */
export function Sound({ app, call }: { readonly app: App; readonly call: Call }) {
  return (
    <div hidden>
      {call.everybody.value.flatMap(({ audio }) =>
        audio.map((track) => <Voice key={track.id} track={track} playback={app.playback} />),
      )}
    </div>
  );
}

function Voice({ track, playback }: { readonly track: MediaStreamTrack; readonly playback: Playback }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (element === null) return undefined;
    element.srcObject = new MediaStream([track]);
    void playback.play(element);
    return () => {
      playback.remove(element);
      element.srcObject = null;
    };
  }, [track, playback]);
  // biome-ignore lint/a11y/useMediaCaption: nobody writes captions of what is being said now
  return <audio ref={audio} />;
}

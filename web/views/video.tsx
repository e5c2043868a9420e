import { useLayoutEffect, useRef } from 'preact/hooks';

interface VideoProps {
  readonly track: MediaStreamTrack | undefined;
  readonly label: string;
  readonly id?: string;
  readonly class?: string;
  /** Told of the shape of the picture, width to height, and of each change of it. */
  readonly onShape?: (shape: number) => void;
}

/** A silent picture: sound is played elsewhere, so that a picture comes and goes without it. */
export function Video({ track, label, id, class: className, onShape }: VideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  useLayoutEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = track === undefined ? null : new MediaStream([track]);
    // Muted pictures may always play; a picture that goes before it has begun rejects.
    if (track !== undefined) element.play().catch(() => {});
  }, [track]);
  return (
    <video
      ref={video}
      id={id}
      class={className}
      aria-label={label}
      hidden={track === undefined}
      muted
      autoplay
      playsInline
      disablePictureInPicture={false}
      onResize={({ currentTarget: { videoWidth, videoHeight } }) => {
        if (videoHeight > 0) onShape?.(videoWidth / videoHeight);
      }}
    />
  );
}

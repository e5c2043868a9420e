import { make } from './elements.ts';

/** What one tile shows. */
export interface TileView {
  /** Names the tile: participant and source. */
  readonly key: string;
  readonly participantId: string;
  readonly name: string;
  readonly screen: boolean;
  readonly own: boolean;
  readonly tracks: readonly MediaStreamTrack[];
  /** There is a picture to see. */
  readonly picture: boolean;
  readonly microphone: 'on' | 'muted' | 'none';
  /** State of the connection, as a class and as words. */
  readonly state: string;
  readonly stateText: string;
}

interface Tile {
  readonly element: HTMLLIElement;
  readonly video: HTMLVideoElement;
  readonly stream: MediaStream;
  readonly name: HTMLElement;
  readonly initial: HTMLElement;
  readonly microphone: HTMLElement;
  readonly state: HTMLElement;
}

/** The tiles of a call: brought in line with what there is to see, and never made anew for a change. */
export class Tiles {
  readonly #list: HTMLElement;
  readonly #soundRefused: () => void;
  readonly #tiles = new Map<string, Tile>();

  /** `soundRefused`: the browser plays nothing until the visitor clicks. */
  constructor(list: HTMLElement, soundRefused: () => void) {
    this.#list = list;
    this.#soundRefused = soundRefused;
  }

  show(views: readonly TileView[]): void {
    const keys = new Set(views.map(({ key }) => key));
    for (const [key, tile] of this.#tiles) {
      if (keys.has(key)) continue;
      tile.video.srcObject = null;
      tile.element.remove();
      this.#tiles.delete(key);
    }
    for (const view of views) this.#update(this.#tiles.get(view.key) ?? this.#add(view), view);
  }

  /** After a click of the visitor. */
  playAll(): void {
    for (const { video } of this.#tiles.values()) this.#play(video);
  }

  #add(view: TileView): Tile {
    const element = make('li');
    const video = make('video');
    video.autoplay = true;
    video.playsInline = true;
    video.muted = view.own;
    const stream = new MediaStream();
    video.srcObject = stream;
    const initial = make('span', 'initial');
    initial.ariaHidden = 'true';
    const caption = make('div', 'caption');
    const name = make('span', 'name');
    name.dir = 'auto';
    const tile = {
      element,
      video,
      stream,
      name,
      initial,
      microphone: make('span', 'microphone'),
      state: make('span', 'state'),
    };
    caption.append(name, tile.microphone, tile.state);
    element.append(video, initial, caption);
    this.#list.append(element);
    this.#tiles.set(view.key, tile);
    return tile;
  }

  #update(tile: Tile, view: TileView): void {
    const { element, video, stream } = tile;
    const classes = ['tile', view.state];
    if (view.screen) classes.push('screen');
    if (view.own) classes.push('own');
    if (!view.picture) classes.push('blank');
    element.className = classes.join(' ');
    element.dataset['participant'] = view.participantId;
    element.dataset['name'] = view.name;
    element.dataset['source'] = view.screen ? 'screen' : 'camera';
    element.dataset['microphone'] = view.microphone;
    element.dataset['state'] = view.state;
    video.ariaLabel = view.screen ? `Screen of ${view.name}` : view.name;
    const label = view.own ? `${view.name} (you)` : view.name;
    put(tile.name, view.screen ? `Screen of ${label}` : label);
    put(tile.initial, [...view.name][0]?.toUpperCase() ?? '');
    put(tile.microphone, view.screen ? '' : MICROPHONE[view.microphone]);
    put(tile.state, view.stateText);
    if (this.#tracks(stream, view.tracks)) this.#play(video);
  }

  #tracks(stream: MediaStream, tracks: readonly MediaStreamTrack[]): boolean {
    const before = stream.getTracks();
    for (const track of before) if (!tracks.includes(track)) stream.removeTrack(track);
    const added = tracks.filter((track) => !before.includes(track));
    for (const track of added) stream.addTrack(track);
    return added.length > 0;
  }

  #play(video: HTMLVideoElement): void {
    video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#soundRefused();
    });
  }
}

const MICROPHONE = { on: '', muted: 'muted', none: 'no microphone' };

function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** In which order tiles stand: newcomers at the end, the others close up, and nobody moves for another reason. */
export class TileOrder {
  #ids: readonly string[] = [];

  /** Returns `ids` in their order. */
  update(ids: readonly string[]): readonly string[] {
    const stay = this.#ids.filter((id) => ids.includes(id));
    const came = ids.filter((id) => !this.#ids.includes(id));
    if (came.length > 0 || stay.length < this.#ids.length) this.#ids = [...stay, ...new Set(came)];
    return this.#ids;
  }
}

/** A tile that may take the stage. */
export interface StageTile {
  readonly id: string;
  /** Shows a screen, not a person. */
  readonly screen: boolean;
  /** When it came, in milliseconds. */
  readonly since: number;
}

/** One tile large, the others beside it; `stage` undefined: all in the grid. */
export interface Stage {
  readonly stage: string | undefined;
  readonly why: 'pinned' | 'screen' | 'none';
  /** The others, in their order. */
  readonly strip: readonly string[];
}

/** What the visitor pinned is on the stage, else the newest screen. Speaking puts nobody there. */
export function chooseStage(tiles: readonly StageTile[], pinned: string | undefined): Stage {
  const others = (stage: string) => tiles.map(({ id }) => id).filter((id) => id !== stage);
  const isThere = tiles.some(({ id }) => id === pinned);
  if (pinned !== undefined && isThere) return { stage: pinned, why: 'pinned', strip: others(pinned) };
  let newest: StageTile | undefined;
  for (const tile of tiles) if (tile.screen && tile.since >= (newest?.since ?? -Infinity)) newest = tile;
  if (newest !== undefined) return { stage: newest.id, why: 'screen', strip: others(newest.id) };
  return { stage: undefined, why: 'none', strip: tiles.map(({ id }) => id) };
}

/** Something of a room that outlives the frame that brought it. */
export interface Keepsake {
  readonly session: string;
  readonly seq: number;
  readonly room: string;
  readonly what: 'latest' | 'counted' | 'will';
  readonly key: string;
  readonly text: string;
  readonly count: number;
  /** Own participant as it was sent. */
  readonly participant: string;
}

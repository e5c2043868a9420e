/** What the load generator speaks with a subject. */
export type Protocol =
  | 'signalbox-grpc'
  | 'signalbox-websocket'
  | 'signalbox-halves'
  | 'classic'
  | 'socket.io'
  | 'peer-server'
  /** The gateway's frames over gRPC, without acknowledgements and tokens. */
  | 'plain-grpc';

/** Where the files of one run of the bench are. */
export interface Workspace {
  /** The repository. */
  readonly root: string;
  /** Key file that gateways and tokens are made with. */
  readonly keyFile: string;
  /** Configuration of a gateway that listens with TLS. */
  readonly tlsConfigFile: string;
}

/** A server under test: one process, started as its user starts it. */
export interface Subject {
  /** Its name in results. */
  readonly name: string;
  readonly protocol: Protocol;
  /** It listens with TLS. */
  readonly secure?: boolean;
  /** Arguments of Node. The process prints a line with `http://127.0.0.1:PORT`, or `https://…`, once it listens. */
  args(workspace: Workspace): readonly string[];
}

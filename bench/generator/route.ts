/** How a client reaches the server. */
export interface Route {
  readonly port: number;
  /** Over TLS, the server's certificate unchecked. */
  readonly secure: boolean;
  /** The client's own address. */
  readonly from: string;
}

/** Clients have addresses of their own, as in the world: all of 127.0.0.0/8 is this machine. From 0 to 16 million. */
export function addressOf(client: number): string {
  return `127.${1 + ((client >> 16) & 0x7f)}.${(client >> 8) & 0xff}.${client & 0xff}`;
}

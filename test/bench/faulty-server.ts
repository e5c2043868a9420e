import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** What a faulty relay delivers for the message with this number, from 1: each delivery of a broadcast has one of its own. */
export type Fault = (message: string, number: number) => readonly string[];

/** A classic server that relays all but what `fault` spoils. */
export async function faultyServer(fault: Fault) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const clients = new Map<string, WebSocket>();
  let relayed = 0;
  sockets.on('connection', (socket) => {
    let id = '';
    socket.on('message', (raw: RawData) => {
      const { type, to, data } = JSON.parse(raw.toString());
      if (type === 'register') {
        id = data.id;
        clients.set(id, socket);
        socket.send(JSON.stringify({ type: 'register_response', data: { success: true, id } }));
        return;
      }
      const receivers = to === undefined ? [...clients.values()] : [clients.get(to)];
      for (const receiver of receivers) {
        if (receiver === socket) continue;
        relayed += 1;
        const delivered = fault(JSON.stringify({ type, from: id, data }), relayed);
        for (const message of delivered) receiver?.send(message);
      }
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    port,
    async stop(): Promise<void> {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };
}

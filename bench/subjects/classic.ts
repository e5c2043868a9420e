/**
 * The server that everybody writes first: express for the page, `ws` for the messages, JSON in and out. It registers
 * clients by id and relays by `to`; what has none is for all others. No tokens, no rooms, no acknowledgements, no limits.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

interface Message {
  readonly type: string;
  readonly to?: string;
  readonly data?: { readonly id?: string };
}

const app = express();
app.get('/', (_request, response) => response.send('signaling server'));
const server = createServer(app);
const sockets = new WebSocketServer({ server });
const clients = new Map<string, WebSocket>();

sockets.on('connection', (socket) => {
  let id = '';

  function send(to: WebSocket, message: object): void {
    if (to.readyState === WebSocket.OPEN) to.send(JSON.stringify(message));
  }

  function register(wanted: string | undefined): void {
    if (wanted === undefined || clients.has(wanted)) {
      send(socket, { type: 'register_response', data: { success: false, message: 'id is taken' } });
      return;
    }
    clients.delete(id);
    id = wanted;
    clients.set(id, socket);
    send(socket, { type: 'register_response', data: { success: true, id } });
  }

  function broadcast({ type, data }: Message): void {
    const text = JSON.stringify({ type, from: id, data });
    for (const [other, client] of clients) {
      if (other !== id && client.readyState === WebSocket.OPEN) client.send(text);
    }
  }

  socket.on('message', (raw: RawData) => {
    let message: Message;
    try {
      message = JSON.parse(raw.toString());
    } catch {
      send(socket, { type: 'error', data: { message: 'invalid JSON' } });
      return;
    }
    if (message.type === 'register') {
      register(message.data?.id);
      return;
    }
    if (message.to === undefined) {
      broadcast(message);
      return;
    }
    const target = clients.get(message.to);
    if (target === undefined) {
      send(socket, { type: 'error', data: { message: `no client ${message.to}` } });
      return;
    }
    send(target, { type: message.type, from: id, data: message.data });
  });

  socket.on('error', () => socket.terminate());
  socket.on('close', () => clients.delete(id));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));

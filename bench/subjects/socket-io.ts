/** A Socket.IO server as its tutorials write it: rooms for the roster, `to` for signals. WebSocket transport only. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });

io.on('connection', (socket) => {
  let room = '';

  socket.on('join', (name: string) => {
    room = name;
    socket.join(room);
    socket.emit('joined', socket.id);
    socket.to(room).emit('entered', socket.id);
  });

  socket.on('signal', ({ to, ...signal }) => {
    io.to(to).emit('signal', { from: socket.id, ...signal });
  });

  socket.on('leave', () => {
    socket.to(room).emit('gone', socket.id);
    socket.leave(room);
    socket.emit('left');
  });
});

http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));

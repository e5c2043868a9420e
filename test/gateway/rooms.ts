import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { callContext } from '../../src/services/call-context.ts';

/** A RoomService with just enough behaviour to see what the gateway does around it. */
export function rooms(router: ConnectRouter): void {
  router.service(RoomService, {
    getRoom: ({ name }, context) => {
      if (name === 'crash') throw new Error('a secret of the house');
      if (name === 'absent') throw new ConnectError('no such room', Code.NotFound);
      if (name === 'whoami') return { room: { name: context.values.get(callContext).peer.address } };
      if (name === 'certificate') {
        return { room: { name: context.values.get(callContext).clientCertificate?.commonName ?? 'nobody' } };
      }
      if (name === 'names') {
        return {
          room: { name: context.values.get(callContext).clientCertificate?.subjectAltNames.join('\n') ?? '' },
        };
      }
      return { room: { name } };
    },
    createRoom: ({ name }) => ({ room: { name }, created: true }),
  });
}

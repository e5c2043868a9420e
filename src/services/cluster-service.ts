import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { ClusterService } from '../../gen/signalbox/v1/cluster_service_pb.ts';
import type { NodeFigures } from '../core/signaling-node.ts';
import { adminOf } from './authenticate.ts';

export interface ClusterServiceOptions {
  /** What this node has at the moment. */
  readonly node: { readonly figures: NodeFigures };
  readonly version: string;
  /** May be ''. */
  readonly region: string;
  /** Whether this node takes no new sessions. */
  readonly isDraining: () => boolean;
}

/** ClusterService: the nodes that share this deployment's store. With the memory engine that is this one. */
export function clusterService(options: ClusterServiceOptions): ServiceImpl<typeof ClusterService> {
  return {
    listNodes(_request, context) {
      if (adminOf(context).room !== '') {
        throw new ConnectError(
          'a token that is bound to a room cannot list nodes: they serve all rooms',
          Code.PermissionDenied,
        );
      }
      const { id, startedAt, attachedSessions, sessions, rooms } = options.node.figures;
      const node = {
        id,
        version: options.version,
        region: options.region,
        startedAt: timestampFromMs(startedAt),
        attachedSessions,
        sessions,
        rooms,
        draining: options.isDraining(),
      };
      return { nodes: [node] };
    },
  };
}

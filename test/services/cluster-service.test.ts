import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, createClient, createRouterTransport } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClusterService } from '../../gen/signalbox/v1/cluster_service_pb.ts';
import { authenticate } from '../../src/services/authenticate.ts';
import { clusterService } from '../../src/services/cluster-service.ts';
import { type NodeKit, startNode, type TestGrants, testToken, testVerifier } from '../helpers/node-kit.ts';
import { bearer } from './room-kit.ts';

let kit: NodeKit;
let draining: boolean;

beforeEach(async () => {
  kit = await startNode();
  draining = false;
});
afterEach(() => kit.stop());

function operator(grants: TestGrants) {
  const { node } = kit;
  const service = clusterService({ node, version: '1.2.3', region: 'eu', isDraining: () => draining });
  const transport = createRouterTransport((router) => void router.service(ClusterService, service), {
    transport: { interceptors: [bearer(testToken(grants))] },
    router: { interceptors: [authenticate(testVerifier)] },
  });
  return createClient(ClusterService, transport);
}

it('tells operators what the node has at the moment', async () => {
  const ada = kit.client();
  await ada.join('r');
  await kit.client({ identity: 'bob' }).join('r');
  ada.drop();
  draining = true;
  const { nodes } = await operator({ admin: true }).listNodes({});
  expect(nodes).toMatchObject([
    { version: '1.2.3', region: 'eu', attachedSessions: 1, sessions: 2, rooms: 1, draining: true },
  ]);
  const [node] = nodes;
  expect(node?.id).toBe(kit.node.figures.id);
  expect(node?.startedAt && timestampMs(node.startedAt)).toBe(kit.node.figures.startedAt);
});

it('tells nobody else', async () => {
  await expect(operator({}).listNodes({})).rejects.toMatchObject({ code: Code.PermissionDenied });
  const bound = operator({ admin: true, room: 'r' }).listNodes({});
  await expect(bound).rejects.toMatchObject({ code: Code.PermissionDenied });
});

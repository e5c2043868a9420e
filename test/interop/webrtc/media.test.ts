import wrtc from '@roamhq/wrtc';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../../scripts/build-web.ts';
import { connect, PeerMesh } from '../../../src/client/index.ts';
import { chromiumPath } from '../../browser/chromium.ts';
import { Caller, eventually, startBrowser, startGateway } from '../../browser/kit.ts';
import { microphoneTrack, runningCamera } from '../../client/mesh/media-kit.ts';

describe.skipIf(chromiumPath() === undefined)('a native camera and the call page', () => {
  beforeAll(() => buildWeb());

  it.each(['camera', 'page'] as const)(
    'see each other, in frames that go on, when the %s is first',
    async (first) => {
      const { url } = await startGateway();
      const browser = await startBrowser();
      const join = async () => Caller.join(await browser.newContext(), url, 'Ada', { room: 'door' });
      const early = first === 'page' ? await join() : undefined;
      const token = async () => (await fetch(`${url}/dev/token?room=door&identity=cam&name=Door`)).text();
      const session = await connect(url, { token, transport: 'grpc' });
      onTestFinished(() => session.close());
      const room = await session.join('door');
      const mesh = new PeerMesh(room, { RTCPeerConnection: wrtc.RTCPeerConnection });
      onTestFinished(() => mesh.close());
      const errors: Error[] = [];
      mesh.on('error', ({ error }) => errors.push(error));
      await mesh.publish(runningCamera(), { name: 'main' });
      await mesh.publish(microphoneTrack());
      const ada = early ?? (await join());
      await eventually('Ada sees the door', async () => ((await ada.framesShown())['Door'] ?? 0) > 5);
      const shown = (await ada.framesShown())['Door'] ?? 0;
      await eventually('it goes on', async () => ((await ada.framesShown())['Door'] ?? 0) > shown + 5);
      const decoded = async () => {
        const [stats] = (await mesh.stats()).values();
        return stats?.inbound.find(({ source }) => source === 'camera')?.framesDecoded ?? 0;
      };
      await eventually('the camera is shown Ada', async () => (await decoded()) > 5);
      await mesh.setMuted('microphone', true);
      await eventually('Ada reads that it is muted', async () => {
        return (await ada.tile('Door'))['microphone'] === 'muted';
      });
      expect([...errors, ...ada.problems]).toEqual([]);
    },
    60_000,
  );
});

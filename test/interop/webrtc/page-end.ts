import type { Browser, JSHandle, Page } from 'playwright-core';
import type * as Sdk from '../../../src/client/index.ts';
import type { End } from './end.ts';

export type PageTransport = 'websocket' | 'connect-web';

/** What the page keeps of a call. */
interface InPage {
  readonly session: Sdk.Session;
  readonly mesh: Sdk.PeerMesh;
  readonly channel: Sdk.MeshChannel;
  readonly heard: string[];
  rollbacks: number;
}

/** A page in Chromium, with the SDK that the gateway serves. */
export class PageEnd implements End {
  readonly #browser: Browser;
  readonly #url: string;
  readonly #room: string;
  readonly #transport: PageTransport;
  #page: Page | undefined;
  #call: JSHandle<InPage> | undefined;

  constructor(browser: Browser, url: string, room: string, transport: PageTransport) {
    this.#browser = browser;
    this.#url = url;
    this.#room = room;
    this.#transport = transport;
  }

  async join(): Promise<void> {
    const page = await (await this.#browser.newContext()).newPage();
    this.#page = page;
    await page.goto(this.#url);
    const facts = { room: this.#room, transport: this.#transport };
    // As a string: the test runner rewrites an import() that it sees.
    const sdk = (await page.evaluateHandle("import('/sdk/signalbox.js')")) as JSHandle<typeof Sdk>;
    this.#call = await sdk.evaluateHandle(joinInPage, facts);
  }

  open(): Promise<boolean> {
    return this.#evaluate(({ channel }) => channel.peers.length === 1);
  }

  async say(text: string): Promise<void> {
    await this.#evaluate(({ channel }, words) => channel.broadcast(words), text);
  }

  heard(): Promise<readonly string[]> {
    return this.#evaluate(({ heard }) => heard);
  }

  reversed(bytes: readonly number[]): Promise<readonly number[]> {
    return this.#evaluate(
      ({ channel }, sent) =>
        new Promise<number[]>((resolve) => {
          const stop = channel.on('message', ({ data }) => {
            if (typeof data === 'string' || data[0] !== 1) return;
            stop();
            resolve([...data.subarray(1)]);
          });
          channel.broadcast(Uint8Array.of(0, ...sent));
        }),
      bytes,
    );
  }

  async renegotiate(at: number): Promise<void> {
    await this.#evaluate(async ({ mesh }, moment) => {
      await new Promise((resolve) => setTimeout(resolve, moment - Date.now()));
      for (const peer of mesh.peers.values()) peer.renegotiate();
    }, at);
  }

  settled(): Promise<string> {
    return this.#evaluate(({ mesh }) => {
      const [peer] = mesh.peers.values();
      return peer === undefined ? 'no peer' : `${peer.state} ${peer.rtc?.signalingState}`;
    });
  }

  rollbacks(): Promise<number> {
    return this.#evaluate(({ rollbacks }) => rollbacks);
  }

  async leave(): Promise<void> {
    if (this.#call !== undefined)
      await this.#evaluate(async ({ mesh, session }) => {
        mesh.close();
        await session.close();
      });
    await this.#page?.context().close();
  }

  /** Runs a function in the page; it may use nothing but its arguments. */
  async #evaluate<Result, Argument = undefined>(
    work: (call: InPage, argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result> {
    if (this.#call === undefined) throw new Error('not joined');
    return this.#call.evaluate(work as never, argument) as Promise<Result>;
  }
}

/** Runs in the page. */
async function joinInPage(
  { connect, PeerMesh }: typeof Sdk,
  { room: name, transport }: { readonly room: string; readonly transport: PageTransport },
): Promise<InPage> {
  const query = new URLSearchParams({ room: name, identity: 'page' });
  const token = async () => (await fetch(`/dev/token?${query}`)).text();
  const session = await connect(location.origin, { token, transport });
  const room = await session.join(name);
  const call = { session, heard: [] as string[], rollbacks: 0 } as unknown as InPage;
  const Counting = class extends RTCPeerConnection {
    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      if (description?.type === 'rollback') call.rollbacks += 1;
      return super.setLocalDescription(description);
    }
  };
  const mesh = new PeerMesh(room, { dataOnly: true, RTCPeerConnection: Counting });
  const channel = mesh.channel('interop');
  channel.on('message', ({ data, peer }) => {
    if (typeof data === 'string') call.heard.push(data);
    else if (data[0] === 0) channel.send(peer, Uint8Array.of(1, ...data.subarray(1).toReversed()));
  });
  return Object.assign(call, { mesh, channel });
}

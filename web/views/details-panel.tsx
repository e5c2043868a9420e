import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import type { CallReport, PeerDetail } from '../model/call-details.ts';
import { reportJson } from '../model/call-details.ts';
import { CopyButton } from './copy-button.tsx';
import { Panel } from './panel.tsx';

const EACH_MS = 1_000;

/** How each connection does, as numbers; and all of it as text for whoever has to find a fault. */
export function DetailsPanel({ call }: { readonly call: Call }) {
  const { details: words } = language.value.words;
  const report = useSignal<CallReport | undefined>(undefined);
  useEffect(() => {
    let closed = false;
    const look = async () => {
      const next = await call.details.sample();
      if (!closed) report.value = next;
    };
    void look();
    const timer = setInterval(() => void look(), EACH_MS);
    return () => {
      closed = true;
      clearInterval(timer);
    };
  }, [call]);
  const now = report.value;
  return (
    <Panel id="details" title={words.title} look={call.look}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <div class="panel-scroll" tabIndex={0}>
        <dl class="facts">
          <Fact
            name={words.signaling}
            value={now?.signaling.transport ?? now?.signaling.status ?? words.unknown}
          />
        </dl>
        {now !== undefined && now.peers.length === 0 && <p class="hint">{words.nobody}</p>}
        {now?.peers.map((peer) => (
          <PeerFacts key={peer.id} peer={peer} />
        ))}
      </div>
      <div class="panel-foot">
        <CopyButton
          id="copy-details"
          icon="copy"
          text={() => (report.value === undefined ? '' : reportJson(report.value))}
          label={words.copy}
          done={words.copied}
          failed={language.value.words.failed}
        />
      </div>
    </Panel>
  );
}

function PeerFacts({ peer }: { readonly peer: PeerDetail }) {
  const { details: words } = language.value.words;
  const pictures = peer.incoming.filter(({ kind, width }) => kind === 'video' && width !== undefined);
  const path = peer.path === undefined ? words.unknown : words[peer.path];
  return (
    <section class="peer-facts" data-name={peer.name}>
      <h3>
        <bdi>{peer.name}</bdi>
      </h3>
      <dl class="facts">
        <Fact name={words.roundTrip} value={number(peer.rttMs, 'ms') ?? words.unknown} />
        <Fact name={words.loss} value={number(peer.lossPercent, '%', 1) ?? words.unknown} />
        <Fact name={words.received} value={number(peer.receiveKbps, 'kbit/s') ?? words.unknown} />
        <Fact name={words.sent} value={number(peer.sendKbps, 'kbit/s') ?? words.unknown} />
        {pictures.map(({ width, height, framesPerSecond, codec, source }, index) => (
          <Fact
            key={`${index}`}
            name={words.picture}
            value={[
              `${width} × ${height}`,
              number(framesPerSecond, 'fps'),
              codec,
              source === 'screen' ? words.screen : undefined,
            ]
              .filter((part) => part !== undefined && part !== '')
              .join(' · ')}
          />
        ))}
        <Fact
          name={words.path}
          value={[path, peer.protocol, peer.localType && `${peer.localType} → ${peer.remoteType}`]
            .filter((part) => part !== '')
            .join(' · ')}
        />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{value}</dd>
    </div>
  );
}

function number(value: number | undefined, unit: string, digits = 0): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(digits)} ${unit}`;
}

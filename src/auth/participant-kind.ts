import { Participant_Kind } from '../../gen/signalbox/v1/participant_pb.ts';
import { ClaimError } from './claim-error.ts';

/** What a participant is, as the claim `kind` spells it. */
export type KindName = 'person' | 'device' | 'media-node' | 'recorder' | 'bot' | 'bridge';

const kinds: Readonly<Record<KindName, Participant_Kind>> = {
  person: Participant_Kind.PERSON,
  device: Participant_Kind.DEVICE,
  'media-node': Participant_Kind.MEDIA_NODE,
  recorder: Participant_Kind.RECORDER,
  bot: Participant_Kind.BOT,
  bridge: Participant_Kind.BRIDGE,
};

/** Reads `kind`; a person when it is absent. Throws ClaimError. */
export function readKind(claim: unknown): Participant_Kind {
  if (claim === undefined) return Participant_Kind.PERSON;
  for (const [name, kind] of Object.entries(kinds)) if (name === claim) return kind;
  throw new ClaimError('kind', `must be one of ${Object.keys(kinds).join(', ')}`);
}

/** Writes `kind`; undefined for UNSPECIFIED. Throws ClaimError. */
export function writeKind(kind: Participant_Kind): KindName | undefined {
  if (kind === Participant_Kind.UNSPECIFIED) return undefined;
  for (const name of Object.keys(kinds) as KindName[]) if (kinds[name] === kind) return name;
  throw new ClaimError('kind', `must not be the value ${kind}`);
}

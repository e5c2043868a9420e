import type { Participant } from '../participant.ts';

/**
 * Stands for a participant that the roster does not show (it is hidden, or the presence mode leaves it out) and that sent
 * a signal nevertheless: the gateway vouches that it is in the room. It counts as earlier than all, so that it is asked for
 * nothing and its offers are taken.
 */
export function unlistedParticipant(id: string): Participant {
  return {
    id,
    identity: '',
    name: '',
    role: '',
    ordinal: 0,
    state: 'active',
    kind: 'person',
    attributes: {},
    tracks: [],
    permissions: {
      signal: true,
      hub: false,
      moderate: false,
      listed: false,
      updateSelf: false,
      hidden: true,
      publish: [],
      deliveries: [],
      sendTypes: [],
      muteMessages: true,
    },
    features: ['rollback', 'ice_restart'],
    joinedAt: undefined,
    handRaisedAt: undefined,
    replaces: '',
    resyncs: 0,
    muted: () => false,
  };
}

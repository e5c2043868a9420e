export type Path = 'connecting' | 'connected' | 'interrupted' | 'failed' | 'closed';

/** One word for the two states of a connection, of which stacks keep one better than the other. */
export function pathOf(rtc: RTCPeerConnection): Path {
  const { connectionState, iceConnectionState } = rtc;
  if (connectionState === 'closed' || iceConnectionState === 'closed') return 'closed';
  if (connectionState === 'failed' || iceConnectionState === 'failed') return 'failed';
  if (connectionState === 'disconnected' || iceConnectionState === 'disconnected') return 'interrupted';
  return connectionState === 'connected' ? 'connected' : 'connecting';
}

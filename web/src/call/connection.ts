/** A browser's connection, as all legs have it. */
import type { Room } from '@/api'
import type { PeerLike } from './leg'

export function makePeer({ servers, relay_only }: Room['ice']): RTCPeerConnection & PeerLike {
  return new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: relay_only ? 'relay' : 'all', bundlePolicy: 'max-bundle' })
}

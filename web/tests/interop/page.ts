/**
 * Others' libraries, unchanged, in a page without anything of ours: whoever speaks WHIP and WHEP can join.
 *
 * Built and opened by tests/journeys/test_interop.py.
 */
import { WebRTCPlayer } from '@eyevinn/webrtc-player'
import { WHIPClient } from '@eyevinn/whip-web-client'

async function publish(endpoint: string, token: string): Promise<void> {
  const client = new WHIPClient({ endpoint, opts: { authkey: token, iceServers: [], noTrickleIce: true } })
  await client.ingest(await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480, frameRate: 15 } }))
  Object.assign(window, { stop: () => client.destroy() })
}

async function play(endpoint: string, token: string): Promise<void> {
  const video = document.body.appendChild(document.createElement('video'))
  video.autoplay = video.muted = true
  const player = new WebRTCPlayer({ video, type: 'whep', iceServers: [] })
  await player.load(new URL(endpoint), `Bearer ${token}`)
  Object.assign(window, { stop: () => player.destroy() })
}

Object.assign(window, { publish, play })

/** Strokes of the call's buttons, in a box of 24 by 24. */
export const ICONS = {
  mic: 'M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v3',
  micOff: 'M15 7a3 3 0 0 0-6-.5M9 10v1a3 3 0 0 0 4.5 2.6M15 11V9M6 11a6 6 0 0 0 9.5 4.9M18 11a6 6 0 0 1-.6 2.6M12 17v3M4 4l16 16',
  camera: 'M4 7h10v10H4zM14 11l6-3.5v9L14 13',
  cameraOff: 'M4 7v10h10v-2M8 7h6v5M14 11l6-3.5v9M3 3l18 18',
  turn: 'M5 9a7.5 7.5 0 0 1 13-2l1.5 2M19 15a7.5 7.5 0 0 1-13 2l-1.5-2M19.5 4v5h-5M4.5 20v-5h5',
  torch: 'M8 3h8v4l-2 3v10h-4V10L8 7zM12 13v2',
  snapshot: 'M4 8h4l2-3h4l2 3h4v11H4zM12 10.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  hand: 'M7 12V7.5a1.3 1.3 0 0 1 2.6 0V11V5.3a1.3 1.3 0 0 1 2.6 0V11V6.3a1.3 1.3 0 0 1 2.6 0V12V9a1.3 1.3 0 0 1 2.6 0v6a6 6 0 0 1-6 6c-2.5 0-4-1-5.4-3L4 14.500a1.3 1.3 0 0 1 2-1.500z',
  people: 'M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM3 19a6 6 0 0 1 12 0M16 6a2.500 2.500 0 0 1 0 5M17 14a5 5 0 0 1 4 5',
  invite: 'M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM3 19a6 6 0 0 1 12 0M18 8v6M15 11h6',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  unlock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 6.800-1.200',
  grow: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  shrink: 'M20 10h-6V4M14 10l6-6M4 14h6v6M10 14l-6 6',
  leave: 'M4 14.500c-1.500-5 17.500-5 16 0l-.6 2-4-1v-2.300c-2-.6-4.800-.6-6.800 0v2.300l-4 1z',
  talk: 'M4 9h4l5-4v14l-5-4H4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11',
} as const

export type Icon = keyof typeof ICONS

export const sources = {
  sources: {
    title: 'Sources of data',
    live: 'as of {time}',
    fresh: 'live',
    stopped: 'Stopped at {time}',
    stoppedUnknown: 'Stopped',
    idle: 'nothing due now',
    stoppedIn: 'stopped in {n} areas',
  },
}

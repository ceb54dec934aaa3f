/** Where somebody wanted to go who had to sign in first. */

/** Only a path of ours: an address from outside must not be able to send people elsewhere. */
export function wantedPath(next: unknown, home: string): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && next !== '/' ? next : home
}

/** What an operator has said about one message that was held: that it may go under another TLS level. */
import { formatMoment } from '../../names/calendar.ts';
import type { EpochMs, TlsLevel } from '../words.ts';

/** `off` is not among them: TLS is tried also where it is not needed any more. */
export type ReleaseLevel = Exclude<TlsLevel, 'off'>;

export const releaseLevels = ['may', 'encrypt', 'authenticate'] as const satisfies readonly ReleaseLevel[];

export interface Release {
  readonly level: ReleaseLevel;
  /** null: until the message is gone. */
  readonly until: EpochMs | null;
  /** In the operator's words, for whoever wonders later. */
  readonly reason: string;
  readonly setAt: EpochMs;
}

/** Whether it holds at `now`. */
export function isInForce({ until }: Pick<Release, 'until'>, now: EpochMs): boolean {
  return until === null || now < until;
}

/** What stands in the verdict of mail that travels under it. */
export function saidInRelease({ level, until, reason }: Release): string {
  const end = until === null ? '' : ` until ${formatMoment(Math.floor(until / 1000))}`;
  return `an operator released this message under the level ${level}${end}: ${reason}`;
}

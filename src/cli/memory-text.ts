/** What the memory of TLS has noticed, for the log. */
import { formatMoment } from '../names/calendar.ts';
import type { MemorySettings } from '../policies/memory/expect.ts';
import type { Reached, TrackChange } from '../policies/memory/track.ts';

const CAME_TO: Record<Reached, string> = {
  clear: 'the host had no TLS to offer',
  failed: 'TLS failed',
  encrypt: 'TLS proved nothing',
  authenticate: 'TLS was authenticated',
};

const EXPECTED = { encrypt: 'gone over TLS', authenticate: 'been authenticated' } as const;

interface NoticeTerms extends Pick<MemorySettings, 'mode'> {
  /** Whether a policy list is used. */
  readonly hasList: boolean;
}

/** The fields of a log line, and its text. */
export function memoryNotice(
  change: TrackChange,
  { mode, hasList }: NoticeTerms,
): [about: Readonly<Record<string, unknown>>, what: string] {
  const { domain, host, level, since, sessions, against } = change.track;
  const where = host === null ? 'with hosts of the domain' : `with ${host}`;
  const seen = `each session ${where} since ${dayText(since)} (${sessions}) has ${EXPECTED[level]}`;
  const about = { domain, host, level };
  if (change.kind === 'gave-way') {
    const missed = `${against?.sessions ?? 0} in a row have not since ${momentText(against?.since ?? since)}`;
    return [
      about,
      `the memory of ${domain} gives way: ${seen}, and ${missed}; what is seen counts from now on`,
    ];
  }
  // A list vouches for a host that is new; what a known one has reached, and TLS at all, is expected whatever it says.
  const canVouch = hasList && host === null && level === 'authenticate';
  const follows =
    mode === 'enforce'
      ? `mail waits for it, unless the domain vouches for what it has now${canVouch ? ', or the policy list' : ''}`
      : 'nothing waits for that, as [memory] mode is observe; with enforce it would';
  return [
    about,
    `${domain} fell short of what is remembered: ${seen}, and now ${CAME_TO[change.reached]}; ${follows}`,
  ];
}

function dayText(at: number): string {
  return momentText(at).slice(0, '2026-11-28'.length);
}

function momentText(at: number): string {
  return formatMoment(Math.floor(at / 1000));
}

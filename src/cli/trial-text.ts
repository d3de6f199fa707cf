/** What rules would have done, and levels that are promoted by that, as a person reads it. */
import type { Proposal, ProposalTerms, Trial } from '../policies/report-only/propose.ts';
import type { Promoted, Replayed } from '../relay/control-trials.ts';
import type { ShownPromotion } from '../relay/policies-api.ts';
import { formatTable } from './table.ts';
import { oneLine } from './terminal.ts';

/** Where the relay has nothing to go by, for whatever domain and rule. @param back in days. */
export function formatNothingSeen(back: number): string {
  const days = back === 1 ? 'today' : `the last ${back} days`;
  return `no session of ${days} is kept: there was none, or report_only.mode is "off"\n`;
}

/** A line for each domain, and the command that does it. */
export function formatProposals(
  proposals: readonly Proposal[],
  { leastDays, leastSessions }: ProposalTerms,
): string {
  if (proposals.length === 0)
    return `nothing is proposed: there is no domain of which every session of ${leastDays} days and ${leastSessions} sessions at least went over TLS\n`;
  const head = ['DOMAIN', 'SAFE LEVEL', 'DAYS', 'SESSIONS', 'WOULD HAVE BLOCKED'];
  const rows = proposals.map(({ domain, level, days, sessions, trials }) => [
    domain,
    level ?? '-',
    String(days),
    String(sessions),
    sessions === 0 ? 'no session was seen' : trials.map(blockedText).join('; '),
  ]);
  const [first] = proposals.filter(({ level }) => level !== null);
  const hint =
    first === undefined
      ? ''
      : `\nwaxwing policy promote ${first.domain} --level ${first.level} --until 14d --reason "..." puts it in force, and takes it back by itself where it blocks mail.\n`;
  const isShort = proposals.some(({ days, sessions }) => days < leastDays || sessions < leastSessions);
  const least = isShort
    ? `\nA level takes sessions on ${leastDays} days (--days), and ${leastSessions} of them (--sessions), all of which have reached it.\n`
    : '';
  return `${formatTable([head, ...rows])}${least}${hint}`;
}

function blockedText({ rule, blocked, unknown, because }: Trial): string {
  const counts = unknown === 0 ? String(blocked) : `${blocked}, unknown ${unknown}`;
  return `${rule} ${counts}${because === null ? '' : ` (${oneLine(because)})`}`;
}

export function formatReplayed(replayed: readonly Replayed[], rule: Trial['rule']): string {
  if (replayed.length === 0) return `no session was seen of which ${rule} says anything\n`;
  const head = ['DOMAIN', 'DAYS', 'PASSED', 'BLOCKED', 'UNKNOWN', 'BLOCKED ON', 'BECAUSE'];
  const rows = replayed.map(({ domain, days, passed, blocked, unknown, blockedOn, because }) => [
    domain,
    String(days),
    String(passed),
    String(blocked),
    String(unknown),
    blockedOn.length === 0 ? '-' : daysText(blockedOn),
    because === null ? '-' : oneLine(because),
  ]);
  const sum = (of: 'passed' | 'blocked' | 'unknown'): number =>
    replayed.reduce((all, one) => all + one[of], 0);
  return `${formatTable([head, ...rows])}\n${rule}: ${counted(sum('passed'), 'session')} would have passed, ${sum('blocked')} would not, of ${sum('unknown')} nobody knows\n`;
}

const MOST_DAYS = 3;

function daysText(days: readonly string[]): string {
  const more = days.length > MOST_DAYS ? ` and ${days.length - MOST_DAYS} more` : '';
  return `${days.slice(-MOST_DAYS).join(' ')}${more}`;
}

export function formatPromoted({ promotion, mail }: Promoted): string {
  const { domain, level, until, reason, mostBlocked } = promotion;
  return [
    `${domain}: ${level} until ${until}: ${oneLine(reason)}`,
    `It is required beside what the domain asks for itself, and taken back by itself where it blocks more than ${recipients(mostBlocked)}.`,
    `${recipients(mail.due)} of mail that waits: due now`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

export function formatRolledBack({ promotion: { domain, level, blocked }, mail }: Promoted): string {
  return `${domain}: ${level} is taken back; it had blocked ${recipients(blocked)}\n${recipients(mail.due)} of mail that waits: due now\n`;
}

export function formatPromotions(promotions: readonly ShownPromotion[]): string {
  if (promotions.length === 0) return 'no level was promoted\n';
  const head = ['DOMAIN', 'LEVEL', 'STATE', 'UNTIL', 'BLOCKED', 'REASON'];
  const rows = promotions.map(
    ({ domain, level, state, until, endedAt, blocked, mostBlocked, reason, endedBecause }) => [
      domain,
      level,
      state,
      endedAt ?? until,
      `${blocked} of ${mostBlocked}`,
      endedBecause === null ? oneLine(reason) : `${oneLine(reason)}; taken back: ${oneLine(endedBecause)}`,
    ],
  );
  return formatTable([head, ...rows]);
}

function recipients(count: number): string {
  return counted(count, 'recipient');
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

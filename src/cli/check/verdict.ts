/** The one line above everything else: what becomes of mail for the target, and how much there is to do. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Sender } from '../../findings/senders.ts';
import type { Colour } from '../terminal.ts';
import { isProblem, joined, type Repair, repairsOf } from './repairs.ts';
import { shutOf, shutText } from './shut.ts';
import { counted, countsOf, everydaySenders, type ReportedFinding, showMoment } from './words.ts';

interface Verdict {
  readonly kind: CheckReport['verdict']['kind'];
  /** What counts, in a few words. */
  readonly word: string;
  readonly colour: Colour;
  /** What follows the word, to the end of the sentence. */
  readonly rest: string;
}

/** What it is made from: all that is told but itself. */
export type Unjudged = Omit<CheckReport, 'verdict' | 'recording'>;

/** As machines have it. */
export function verdictFor(report: Unjudged): CheckReport['verdict'] {
  const { kind, word, rest } = verdictOf(report);
  return { kind, text: `${word}${rest}` };
}

export function verdictOf(report: Unjudged): Verdict {
  const senders = everydaySenders.filter((sender) => report.outcomes[sender] !== undefined);
  if (senders.length === 0) return serverVerdict(report);
  const having = (...outcomes: readonly string[]): readonly Sender[] =>
    senders.filter((sender) => outcomes.includes(report.outcomes[sender] ?? ''));
  const lost = having('deferred', 'bounced');
  if (lost.length === senders.length) return nothingArrives(report, lost);
  if (lost.length > 0) {
    const others = having('cleartext').length > 0 ? ', and other mail comes in clear' : '';
    const rest = `: senders that look at ${namesOf(lost)} cannot deliver${others}`;
    return { kind: 'lost', word: 'mail is lost', colour: 'red', rest };
  }
  if (having('cleartext').length > 0) {
    const rest = ': whoever is on the path can read and change mail on its way';
    return { kind: 'cleartext', word: 'mail comes in clear', colour: 'red', rest };
  }
  const shut = having('unknown').length === senders.length ? shutOf(report) : undefined;
  if (shut !== undefined) {
    const colour = shut.kind === 'silent' ? 'red' : 'yellow';
    return {
      kind: shut.kind === 'silent' ? 'silent' : 'turned-away',
      word: 'from here no mail gets through',
      colour,
      rest: shutText(shut),
    };
  }
  if (having('unknown').length > 0) {
    const [first = 'postfix-may'] = senders;
    const rest = report.hosts.length === 0 ? `: ${report.senders[first]?.because ?? ''}` : '';
    return { kind: 'untested', word: 'could not be tested', colour: 'yellow', rest };
  }
  const proven = having('authenticated');
  if (proven.length === 0) {
    const rest = ': mail comes over TLS, but nothing makes senders verify that they talk to the right host';
    return { kind: 'encrypted', word: 'encrypted, not protected', colour: 'yellow', rest };
  }
  const open = report.hosts.find(({ outcomes }) => proven.some((sender) => isUnproven(outcomes[sender])));
  if (report.hosts.length > 1 && open !== undefined) {
    const rest = `: senders that look at ${namesOf(proven)} are sure of the first host only: whoever is on the path makes it unreachable, and takes their mail on its way to ${open.name}`;
    return { kind: 'protected-in-part', word: 'protected in part', colour: 'yellow', rest };
  }
  return {
    kind: 'protected',
    word: 'protected',
    colour: 'green',
    rest: `: senders that look at ${namesOf(proven)} deliver over TLS to the right host, or not at all`,
  };
}

function isUnproven(outcome: string | undefined): boolean {
  return outcome === 'encrypted' || outcome === 'cleartext';
}

function nothingArrives({ outcomes, senders, hosts, findings }: Unjudged, lost: readonly Sender[]): Verdict {
  const [first = 'postfix-may'] = lost;
  const rest = `: ${senders[first]?.because ?? ''}`;
  // Our own resolver may be to blame, and not the domain: of no host is anything known then, or of none that was found.
  const isUnlearnt = findings.some(({ id, state }) => id.startsWith('dns.') && state === 'not-tested');
  if (isUnlearnt && hosts.every(({ endpoints, skipped }) => endpoints.length + skipped.length === 0))
    return { kind: 'untested', word: 'could not be tested', colour: 'yellow', rest };
  return outcomes[first] === 'bounced'
    ? { kind: 'no-mail', word: 'takes no mail', colour: 'yellow', rest }
    : { kind: 'nothing-arrives', word: 'mail does not arrive', colour: 'red', rest };
}

/** Of a server that other mail servers do not send to. */
function serverVerdict(report: Unjudged): Verdict {
  const { hosts, findings } = report;
  const endpoints = hosts.flatMap((host) => host.endpoints);
  if (endpoints.length > 0 && endpoints.every(({ reachable }) => reachable === false)) {
    return { kind: 'unreachable', word: 'cannot be reached', colour: 'red', rest: '' };
  }
  if (findings.some((one) => isProblem(one) && (one.severity === 'critical' || one.severity === 'high'))) {
    return {
      kind: 'unsafe',
      word: 'not safe',
      colour: 'red',
      rest: ': clients can be attacked, or turned away',
    };
  }
  if (endpoints.some(({ tls }) => tls !== null))
    return { kind: 'tls-works', word: 'TLS works', colour: 'green', rest: '' };
  if (shutOf(report)?.kind === 'silent') {
    const rest = ': it takes connections, and never comes so far that a client could use it';
    return { kind: 'silent', word: 'does not answer', colour: 'red', rest };
  }
  return { kind: 'untested', word: 'could not be tested', colour: 'yellow', rest: '' };
}

/** `DANE or MTA-STS`: what is looked at by those of the everyday senders that are meant. */
function namesOf(senders: readonly Sender[]): string {
  const single = [
    ...(senders.includes('postfix-may') ? ['no policy'] : []),
    ...(senders.includes('postfix-dane') ? ['DANE'] : []),
    ...(senders.includes('mta-sts') ? ['MTA-STS'] : []),
  ];
  return single.length === 0 ? 'both DANE and MTA-STS' : single.join(' or ');
}

/**
 * How much is to be done, as a sentence.
 *
 * @param isPart whether only some checks were asked for.
 */
export function workOf(report: CheckReport, isPart: boolean): string {
  const { findings } = report;
  const problems = repairsOf(findings);
  const open = joined(
    findings.filter(({ state, severity }) => state === 'not-tested' && severity !== 'info'),
  ).length;
  const among = isPart ? ' among what was asked for' : '';
  const isShut = open > 0 && shutOf(report) !== undefined;
  const nothing = isShut
    ? 'First see the log of the mail server.'
    : `Nothing to fix${open === 0 ? '' : ' so far'}${among}.`;
  const work = problems.length === 0 ? nothing : `To fix: ${countsOf(problems)}.`;
  return open === 0 ? work : `${work} Not tested: ${counted(open, 'check')}.`;
}

/** What ends or goes wrong until the moment of --fail-at, as sentences; '' where nobody asked. */
export function outlookOf({ future, findings }: Pick<CheckReport, 'future' | 'findings'>): string {
  if (future === null) return '';
  const until = showMoment(future.until);
  const fresh = newRepairs(future.findings, findings);
  // Signers renew signatures by themselves, every few days.
  const [soonest, ...others] = future.events.filter(
    ({ id, breaks }) => breaks.length > 0 && id !== 'dnssec.rrsig-expiring',
  );
  if (soonest === undefined && fresh.length === 0) {
    const but = future.events.length === 0 ? '' : ' if signatures are renewed as they should be';
    return ` Until ${until} nothing that was seen breaks by itself${but}.`;
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const parts = [
    ...(soonest === undefined ? [] : [`${showMoment(soonest.at)} ${soonest.what}${more}`]),
    ...(fresh.length === 0 ? [] : [`to fix then: ${countsOf(fresh)}`]),
  ];
  return ` Until ${until}, if nothing is renewed: ${parts.join('; ')}.`;
}

/** Those of then that are none now. */
export function newRepairs(
  then: readonly ReportedFinding[],
  now: readonly ReportedFinding[],
): readonly Repair[] {
  const known = new Set(now.filter(isProblem).map(({ id }) => id));
  return repairsOf(then).filter(({ finding }) => !known.has(finding.id));
}

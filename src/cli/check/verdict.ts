/** The one line above everything else: what becomes of mail for the target, and how much there is to do. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Sender } from '../../findings/senders.ts';
import type { Colour } from '../terminal.ts';
import { isProblem, joined, repairsOf } from './repairs.ts';
import { shutOf, shutText } from './shut.ts';
import { counted, countsOf, everydaySenders } from './words.ts';

export interface Verdict {
  /** What counts, in a few words. */
  readonly word: string;
  readonly colour: Colour;
  /** What follows the word, to the end of the sentence. */
  readonly rest: string;
}

export function verdictOf(report: CheckReport): Verdict {
  const senders = everydaySenders.filter((sender) => report.outcomes[sender] !== undefined);
  if (senders.length === 0) return serverVerdict(report);
  const having = (...outcomes: readonly string[]): readonly Sender[] =>
    senders.filter((sender) => outcomes.includes(report.outcomes[sender] ?? ''));
  const lost = having('deferred', 'bounced');
  if (lost.length === senders.length) return nothingArrives(report, lost);
  if (lost.length > 0) {
    const others = having('cleartext').length > 0 ? ', and other mail comes in clear' : '';
    const rest = `: senders that look at ${namesOf(lost)} cannot deliver${others}`;
    return { word: 'mail is lost', colour: 'red', rest };
  }
  if (having('cleartext').length > 0) {
    const rest = ': whoever is on the path can read and change mail on its way';
    return { word: 'mail comes in clear', colour: 'red', rest };
  }
  const shut = having('unknown').length === senders.length ? shutOf(report) : undefined;
  if (shut !== undefined) {
    const colour = shut.kind === 'silent' ? 'red' : 'yellow';
    return { word: 'from here no mail gets through', colour, rest: shutText(shut) };
  }
  if (having('unknown').length > 0) {
    const [first = 'postfix-may'] = senders;
    const rest = report.hosts.length === 0 ? `: ${report.senders[first]?.because ?? ''}` : '';
    return { word: 'could not be tested', colour: 'yellow', rest };
  }
  const proven = having('authenticated');
  if (proven.length === 0) {
    const rest = ': mail comes over TLS, but nothing makes senders verify that they talk to the right host';
    return { word: 'encrypted, not protected', colour: 'yellow', rest };
  }
  const open = report.hosts.find(({ outcomes }) => proven.some((sender) => isUnproven(outcomes[sender])));
  if (report.hosts.length > 1 && open !== undefined) {
    const rest = `: senders that look at ${namesOf(proven)} are sure of the first host only: whoever is on the path makes it unreachable, and takes their mail on its way to ${open.name}`;
    return { word: 'protected in part', colour: 'yellow', rest };
  }
  return {
    word: 'protected',
    colour: 'green',
    rest: `: senders that look at ${namesOf(proven)} deliver over TLS to the right host, or not at all`,
  };
}

function isUnproven(outcome: string | undefined): boolean {
  return outcome === 'encrypted' || outcome === 'cleartext';
}

function nothingArrives(
  { outcomes, senders, hosts, findings }: CheckReport,
  lost: readonly Sender[],
): Verdict {
  const [first = 'postfix-may'] = lost;
  const rest = `: ${senders[first]?.because ?? ''}`;
  // Our own resolver may be to blame, and not the domain.
  const isUnlearnt = findings.some(({ id, state }) => id.startsWith('dns.') && state === 'not-tested');
  if (hosts.length === 0 && isUnlearnt) return { word: 'could not be tested', colour: 'yellow', rest };
  return outcomes[first] === 'bounced'
    ? { word: 'takes no mail', colour: 'yellow', rest }
    : { word: 'mail does not arrive', colour: 'red', rest };
}

/** Of a server that other mail servers do not send to. */
function serverVerdict(report: CheckReport): Verdict {
  const { hosts, findings } = report;
  const endpoints = hosts.flatMap((host) => host.endpoints);
  if (endpoints.length > 0 && endpoints.every(({ reachable }) => reachable === false)) {
    return { word: 'cannot be reached', colour: 'red', rest: '' };
  }
  if (findings.some((one) => isProblem(one) && (one.severity === 'critical' || one.severity === 'high'))) {
    return { word: 'not safe', colour: 'red', rest: ': clients can be attacked, or turned away' };
  }
  if (endpoints.some(({ tls }) => tls !== null)) return { word: 'TLS works', colour: 'green', rest: '' };
  if (shutOf(report)?.kind === 'silent') {
    const rest = ': it takes connections, and never comes so far that a client could use it';
    return { word: 'does not answer', colour: 'red', rest };
  }
  return { word: 'could not be tested', colour: 'yellow', rest: '' };
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

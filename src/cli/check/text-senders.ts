/** What each kind of sender does with mail for the target, and the hosts it was told from, as a person reads it. */
import type { CheckReport } from '../../events/check-report.ts';
import { type Sender, type SimulatedOutcome, senders } from '../../findings/senders.ts';
import { type Look, wrap } from '../terminal.ts';
import { needsOf } from './needs.ts';
import { labelled, type Mark, marked, marks, titled } from './page.ts';
import { briefly, everydaySenders, outcomeMeanings, outcomeWords, safe, senderNames } from './words.ts';

type Host = CheckReport['hosts'][number];
type Endpoint = Host['endpoints'][number];

/** Senders with whom it goes the same way. */
interface Row {
  readonly outcome: SimulatedOutcome;
  readonly senders: readonly Sender[];
  readonly reasons: readonly Reason[];
}

/** Why, and for whom where it is not the same for all. */
interface Reason {
  readonly because: string;
  readonly senders: readonly Sender[];
  /** Where hosts differ: `mx1.example.test authenticated`. */
  readonly byHost: readonly string[];
}

const outcomeMarks: Readonly<Record<SimulatedOutcome, Mark>> = {
  authenticated: marks.good,
  encrypted: marks.weak,
  cleartext: marks.bad,
  deferred: marks.bad,
  bounced: marks.bad,
  unknown: marks.unknown,
};

export function senderLines(report: CheckReport, look: Look): readonly string[] {
  const rows = rowsOf(report);
  if (rows.length === 0) return [];
  const met = [...new Set(rows.map(({ outcome }) => outcome))];
  return [
    ...titled('what senders do with mail to', ` ${report.target}, by what they look at:`, look),
    ...rows.flatMap((row, index) => [
      ...rowLines(row, new Set(rows.slice(0, index).flatMap(reasonsOf)), rows.length === 1, look),
      ...needLines(report, row, look),
    ]),
    ...met.flatMap((outcome) =>
      wrap(safe(`${outcomeWords[outcome]}: ${outcomeMeanings[outcome]}.`, look), look.width, '  ', '    '),
    ),
  ];
}

/** Senders that could prove more, and the findings in their way. */
function needLines(report: CheckReport, { outcome, senders: kinds }: Row, look: Look): readonly string[] {
  if (outcome === 'authenticated' || outcome === 'unknown') return [];
  return kinds.flatMap((kind) => {
    const needs = needsOf(report, kind);
    if (needs.length === 0) return [];
    const named = needs.map(({ id, repair }) => (repair === undefined ? id : `${id} (step ${repair})`));
    return labelled(`in the way of ${senderNames[kind]}:`, named.join(', '), look, '    ');
  });
}

function rowsOf(report: CheckReport): readonly Row[] {
  const rows = new Map<SimulatedOutcome, Reason[]>();
  for (const sender of senders) {
    const simulated = report.senders[sender];
    if (simulated === undefined) continue;
    const { outcome, because } = simulated;
    const byHost = differences(report.hosts, sender);
    const reasons = rows.get(outcome) ?? [];
    const index = reasons.findIndex((one) => one.because === because && one.byHost.join() === byHost.join());
    const known = reasons[index]?.senders ?? [];
    const reason = { because, byHost, senders: [...known, sender] };
    rows.set(outcome, index < 0 ? [...reasons, reason] : reasons.with(index, reason));
  }
  return [...rows].map(([outcome, reasons]) => ({
    outcome,
    reasons: reasons.toSorted((a, b) => b.senders.length - a.senders.length),
    senders: reasons.flatMap((reason) => reason.senders),
  }));
}

/** Nothing where all hosts do the same. */
function differences(hosts: readonly Host[], sender: Sender): readonly string[] {
  const each = hosts.flatMap(({ name, outcomes }) => {
    const outcome = outcomes[sender];
    return outcome === undefined ? [] : [{ name, outcome }];
  });
  if (new Set(each.map(({ outcome }) => outcome)).size < 2) return [];
  return each.map(({ name, outcome }) => `${name} ${outcomeWords[outcome]}`);
}

function reasonsOf({ reasons }: Row): readonly string[] {
  return reasons.map(({ because }) => because);
}

/** @param said reasons that stand above already. */
function rowLines(
  { outcome, senders: kinds, reasons }: Row,
  said: ReadonlySet<string>,
  isOnly: boolean,
  look: Look,
): readonly string[] {
  const names = isOnly ? 'every kind of sender' : namesOf(kinds);
  // A few messages, and what senders may be one day, are no alarm.
  const isEveryday = kinds.some((kind) => everydaySenders.some((one) => one === kind));
  const mark = isEveryday || outcome === 'authenticated' ? outcomeMarks[outcome] : marks.none;
  return [
    ...marked(mark, `${outcomeWords[outcome]}: ${names}`, look),
    // The first is that of most; others say whose they are.
    ...reasons.flatMap(({ because, senders: some }, index) => {
      const above = [...said, ...reasons.slice(0, index).map((one) => one.because)];
      return labelled(index === 0 ? '' : `${namesOf(some)}:`, beyond(because, above), look, '    ');
    }),
    ...[...new Set(reasons.map(({ byHost }) => byHost.join(', ')))].flatMap((hosts) =>
      hosts === '' ? [] : labelled('each host alone:', hosts, look, '    '),
    ),
  ];
}

/** The reason as far as it does not stand above: some begin with all of another. */
function beyond(because: string, above: readonly string[]): string {
  if (above.includes(because)) return 'for the same reason';
  const known = above.find((one) => one !== '' && because.startsWith(`${one}; `));
  return known === undefined ? briefly(because) : briefly(`as above${because.slice(known.length)}`);
}

function namesOf(kinds: readonly Sender[]): string {
  return kinds.map((kind) => senderNames[kind]).join(', ');
}

/** Each host with its doors, one line a door. */
export function hostLines({ hosts }: CheckReport, look: Look): readonly string[] {
  if (hosts.length === 0) return [];
  return [
    ...titled('servers', ':', look),
    ...hosts.flatMap((host) => [
      ...wrap(safe(hostTitle(host), look), look.width, '  ', '    '),
      ...host.endpoints.flatMap((endpoint) =>
        wrap(safe(endpointText(endpoint), look), look.width, '    ', '      '),
      ),
      ...host.skipped.flatMap(({ address, port, because }) =>
        wrap(safe(`${address} port ${port}: not visited; ${because}`, look), look.width, '    ', '      '),
      ),
    ]),
  ];
}

function hostTitle({ name, preference, layer }: Host): string {
  const front = preference === null ? name : `${preference} ${name}`;
  return layer === null || layer === 'default' ? front : `${front}, judged by ${layerNames[layer]}`;
}

const layerNames: Readonly<Record<Exclude<NonNullable<Host['layer']>, 'default'>, string>> = {
  override: 'the word of the operator of this host',
  message: 'the message',
  dane: 'DANE',
  sts: 'MTA-STS',
  list: 'a list',
  memory: 'what was seen before',
};

function endpointText({
  address,
  port,
  reachable,
  starttls,
  tls,
  program,
  protocol,
  mode,
}: Endpoint): string {
  const place = `${address} port ${port} (${protocol}${mode === 'implicit' ? ', TLS first' : ''})`;
  const which = program === null ? '' : `, ${program}`;
  if (reachable === null) return `${place}: this host has no way there`;
  if (!reachable) return `${place}: no connection`;
  if (tls === null) {
    const why =
      starttls === false ? 'STARTTLS is not offered' : starttls === true ? 'no TLS' : 'TLS was not reached';
    return `${place}${which}: ${why}`;
  }
  const { version, group, certificate } = tls;
  const keys = group === null ? '' : ` with ${group}`;
  if (certificate === null) return `${place}${which}: ${version}${keys}, no certificate that can be read`;
  const { names, subject, notAfter } = certificate;
  const [first = subject] = names;
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return `${place}${which}: ${version}${keys}; certificate for ${first}${more}, until ${notAfter.slice(0, 10)}`;
}

/** A report as a page: what becomes of the mail, what to fix in which order, what could not be tested, and what was seen. */
import { domainToUnicode } from 'node:url';
import type { CheckReport } from '../../../events/check-report.ts';
import { type SimulatedOutcome, senders } from '../../../findings/senders.ts';
import { isProblem, joined, wishesOf } from '../repairs.ts';
import { suiteListsOf } from '../suite-list.ts';
import { outlookOf, verdictOf, workOf } from '../verdict.ts';
import {
  briefly,
  counted,
  outcomeMeanings,
  outcomeWords,
  placesText,
  senderNames,
  showMoment,
  stateWords,
} from '../words.ts';
import { type Block, code, heading, type Line, list, paragraph, type Tone, table } from './document.ts';
import type { FormatTerms } from './format.ts';
import { profileBlocks } from './profile-document.ts';
import { futureBlocks, repairBlocks, untestedBlocks } from './repair-document.ts';

type Terms = Pick<FormatTerms, 'called' | 'isPart' | 'details'>;

export function documentOf(report: CheckReport, terms: Terms): readonly Block[] {
  return [
    ...headBlocks(report, terms),
    ...senderBlocks(report),
    ...profileBlocks(report, terms.details),
    ...repairBlocks(report, terms.called),
    ...untestedBlocks(report),
    ...futureBlocks(report, terms.called),
    ...wishBlocks(report),
    ...serverBlocks(report),
    ...suiteBlocks(report),
    ...(terms.details ? everyCheck(report) : fineBlocks(report)),
    ...noteBlocks(report),
  ];
}

const tones: Readonly<Record<string, Tone>> = { green: 'good', yellow: 'weak', red: 'bad' };

function headBlocks(report: CheckReport, { isPart }: Terms): readonly Block[] {
  const { word, rest, colour } = verdictOf(report);
  const { target } = report;
  const international = target.includes(':') ? '' : domainToUnicode(target);
  const name = international === '' || international === target ? [] : [` (${international})`];
  const stop = rest.endsWith('.') ? '' : '.';
  return [
    heading(2, { code: target }, ...name),
    paragraph({ strong: word, tone: tones[colour] ?? 'plain' }, `${rest}${stop}`),
    paragraph(`${workOf(report, isPart)}${outlookOf(report)}`),
  ];
}

const outcomeTones: Readonly<Record<SimulatedOutcome, Tone>> = {
  authenticated: 'good',
  encrypted: 'weak',
  cleartext: 'bad',
  deferred: 'bad',
  bounced: 'bad',
  unknown: 'plain',
};

function senderBlocks({ senders: simulated, target }: CheckReport): readonly Block[] {
  const met = new Set<SimulatedOutcome>();
  const rows = senders.flatMap((sender): readonly (readonly Line[])[] => {
    const one = simulated[sender];
    if (one === undefined) return [];
    met.add(one.outcome);
    const outcome = { strong: outcomeWords[one.outcome], tone: outcomeTones[one.outcome] };
    return [[[senderNames[sender]], [outcome], [briefly(one.because)]]];
  });
  return [
    ...table(
      `What senders do with mail to ${target}, by what they look at`,
      ['sender', 'outcome', 'why'],
      rows,
    ),
    ...list([...met].map((one) => [`${outcomeWords[one]}: ${outcomeMeanings[one]}.`])),
  ];
}

/** What may be had, and nobody suffers where it is not. */
function wishBlocks({ findings }: CheckReport): readonly Block[] {
  const items = wishesOf(findings).map(
    ({ finding: { state, title, id, evidence, why } }): Line => [
      `${stateWords[state]}: ${title} (`,
      { code: id },
      `): ${briefly(evidence[0] ?? why)}`,
    ],
  );
  if (items.length === 0) return [];
  return [heading(3, 'To know'), paragraph('Nothing of it has to be fixed.'), ...list(items)];
}

function serverBlocks({ hosts }: CheckReport): readonly Block[] {
  const rows = hosts.flatMap(({ name, preference, endpoints, skipped }) => [
    ...endpoints.map((one): readonly Line[] => [
      [{ code: name }],
      [preference === null ? '' : String(preference)],
      [{ code: one.address }],
      [`${one.port} (${one.protocol}${one.mode === 'implicit' ? ', TLS first' : ''})`],
      [one.program ?? ''],
      [tlsWords(one)],
      [certificateWords(one)],
    ]),
    ...skipped.map(({ address, port, because }): readonly Line[] => [
      [{ code: name }],
      [preference === null ? '' : String(preference)],
      [{ code: address }],
      [String(port)],
      [''],
      [`not visited: ${because}`],
      [''],
    ]),
  ]);
  const head = ['host', 'preference', 'address', 'port', 'program', 'TLS', 'certificate'];
  return rows.length === 0 ? [] : [heading(3, 'Servers'), ...table('Servers that were visited', head, rows)];
}

type Endpoint = CheckReport['hosts'][number]['endpoints'][number];

function tlsWords({ reachable, tls, starttls }: Endpoint): string {
  if (reachable === null) return 'this host has no way there';
  if (!reachable) return 'no connection';
  if (tls !== null) return `${tls.version}${tls.group === null ? '' : ` with ${tls.group}`}`;
  return starttls === false
    ? 'STARTTLS is not offered'
    : starttls === true
      ? 'no TLS'
      : 'TLS was not reached';
}

function certificateWords({ tls }: Endpoint): string {
  if (tls === null) return '';
  if (tls.certificate === null) return 'none that can be read';
  const { names, subject, notAfter } = tls.certificate;
  const [first = subject] = names;
  return `${first}${names.length > 1 ? ` and ${names.length - 1} more` : ''}, until ${notAfter.slice(0, 10)}`;
}

/** With --suites all. */
function suiteBlocks(report: CheckReport): readonly Block[] {
  const lists = suiteListsOf(report);
  if (lists.length === 0) return [];
  return [
    heading(3, 'Suites'),
    ...lists.flatMap(({ place, versions }) => [
      paragraph(`Suites ${place}${versions.length === 0 ? ': none.' : ':'}`),
      ...versions.flatMap(({ title, lines }) => code(title, lines)),
    ]),
  ];
}

function fineBlocks({ findings }: CheckReport): readonly Block[] {
  const count = findings.filter(({ state }) => state === 'pass').length;
  return count === 0 ? [] : [paragraph(`Fine: ${counted(count, 'check')}.`)];
}

/** Every check by its id, with all its evidence. */
function everyCheck({ findings }: CheckReport): readonly Block[] {
  const ordered = findings.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  const rows = joined(ordered).map(({ finding, places, all }): readonly Line[] => {
    const { id, state, severity, title } = finding;
    const tone: Tone =
      state === 'pass' ? 'good' : state === 'fail' ? 'bad' : isProblem(finding) ? 'weak' : 'plain';
    const evidence = [...new Set(all.flatMap((one) => one.evidence))];
    return [
      [{ code: id }],
      [{ strong: stateWords[state], tone }],
      [severity],
      [title],
      [placesText(places)],
      [evidence.join('; ')],
    ];
  });
  const head = ['check', 'state', 'severity', 'what is looked at', 'where', 'seen'];
  return rows.length === 0 ? [] : [heading(3, 'Every check'), ...table('Every check', head, rows)];
}

function noteBlocks(report: CheckReport): readonly Block[] {
  const { connections, depth, durationMs, startedAt, withoutConsent } = report;
  const seconds = (durationMs / 1000).toFixed(1);
  return [
    ...list(withoutConsent.map(({ because }) => [`Not asked: ${because}.`])),
    paragraph(
      `Connections: ${connections.spent} of at most ${connections.budget} (depth ${depth}), ${seconds} s from ${showMoment(startedAt)}.`,
    ),
  ];
}

/** Of a run with several targets: each on a line. */
export function overviewOf(
  lines: readonly { readonly target: string; readonly verdict: string; readonly work: string }[],
  all: number,
  complaints: readonly string[],
): readonly Block[] {
  const rows = lines.map(({ target, verdict, work }): readonly Line[] => [
    [{ code: target }],
    [verdict],
    [work],
  ]);
  return [
    ...(complaints.length === 0
      ? []
      : [heading(2, 'What could not be done'), ...list(complaints.map((text) => [text]))]),
    ...(all < 2
      ? []
      : [
          heading(2, 'All targets'),
          ...table(`${all} targets`, ['target', 'verdict', 'to do'], rows),
          ...(all > lines.length ? [paragraph(`And ${all - lines.length} more.`)] : []),
        ]),
  ];
}

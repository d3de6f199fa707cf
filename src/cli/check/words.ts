/** The words for people of a check: kinds of senders, outcomes, who repairs what, where something was found. */
import type { CheckReport } from '../../events/check-report.ts';
import { type FindingState, type Repairer, type Severity, severities } from '../../findings/check.ts';
import type { Sender, SimulatedOutcome } from '../../findings/senders.ts';
import { type Colour, type Look, oneLine } from '../terminal.ts';

export type ReportedFinding = CheckReport['findings'][number];
export type Scope = ReportedFinding['scope'];

/** What such a sender looks at, or what is special about it. */
export const senderNames: Readonly<Record<Sender, string>> = {
  'postfix-may': 'no policy at all',
  'postfix-dane': 'DANE',
  'mta-sts': 'MTA-STS',
  exchange: 'DANE and MTA-STS',
  requiretls: 'messages that demand REQUIRETLS',
  'tls13-only': 'TLS 1.3 only',
  'pq-client': 'post-quantum keys',
};

/** Those that stand for most mail; the others show what will matter, or what a single message may ask for. */
export const everydaySenders = [
  'postfix-may',
  'postfix-dane',
  'mta-sts',
  'exchange',
] as const satisfies readonly Sender[];

export const outcomeWords: Readonly<Record<SimulatedOutcome, string>> = {
  authenticated: 'authenticated',
  encrypted: 'encrypted',
  cleartext: 'in clear',
  deferred: 'deferred',
  bounced: 'bounced',
  unknown: 'unknown',
};

/** What the words of the table mean. */
export const outcomeMeanings: Readonly<Record<SimulatedOutcome, string>> = {
  authenticated: 'over TLS, to a host that is proven to be the right one',
  encrypted: 'over TLS, but to whoever answers: somebody on the path can put himself in between',
  cleartext: 'without TLS: everybody on the path can read and change it',
  deferred: 'not now: it waits, is tried again, and goes back to its sender after some days',
  bounced: 'not at all: it goes back to its sender',
  unknown: 'not known, as something that decides could not be tested',
};

export const severityColours: Readonly<Record<Severity, Colour>> = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'dim',
  info: 'dim',
};

/** A title says what was looked at; this says what it came to. */
export const stateWords: Readonly<Record<FindingState, string>> = {
  pass: 'fine',
  warn: 'weak',
  fail: 'failed',
  absent: 'missing',
  'not-tested': 'not tested',
};

const repairers: Readonly<Record<Repairer, string>> = {
  'dns-owner': 'whoever edits the DNS zone',
  'mail-provider': 'whoever runs the mail server',
  'web-host': 'whoever runs the web server of the policy',
  registrar: 'whoever has the domain registered',
  tester: 'you, at the host on which this check runs',
};

export function repairerName(who: Repairer): string {
  return repairers[who];
}

/** Text of anybody, as a terminal may show it: on one line, nothing that moves the cursor or turns the direction. */
export function safe(text: string, { unicode }: Pick<Look, 'unicode'>): string {
  // Marks that are not seen and turn the direction, or end a line.
  const line = oneLine(text).replace(/[\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '?');
  if (unicode) return line;
  return line
    .replaceAll('§', 'section ')
    .replaceAll('…', '...')
    .replaceAll(/[–—]/g, '-')
    .replace(/[^\x20-\x7e]/g, '?');
}

/** With digests of any length as far as it takes to tell them apart. */
export function briefly(text: string): string {
  return text.replace(/\b([0-9a-f]{16})[0-9a-f]{24,}\b/gi, '$1…');
}

/** `1 critical, 2 high`; '' where there are none. */
export function countsOf(problems: readonly { readonly severity: Severity }[]): string {
  return severities
    .map((severity) => [problems.filter((one) => one.severity === severity).length, severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count} ${severity}`)
    .join(', ');
}

/** Places in as few words as possible: `mx1.example.test (192.0.2.1 and 2001:db8::1, port 25)`. */
export function placesText(scopes: readonly Scope[]): string {
  const hosts = new Map<string, Scope[]>();
  for (const scope of scopes) {
    const name = scope.host ?? scope.address ?? scope.domain ?? '';
    hosts.set(name, [...(hosts.get(name) ?? []), scope]);
  }
  const shown = [...hosts].slice(0, MOST_PLACES).map(([name, ofHost]) => hostText(name, ofHost));
  const more = hosts.size - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}

const MOST_PLACES = 12;

function hostText(name: string, scopes: readonly Scope[]): string {
  const addresses = unique(scopes.map(({ address }) => address)).filter((one) => one !== name);
  const ports = unique(scopes.map(({ port }) => port));
  const at = [
    ...(addresses.length === 0 ? [] : [listed(addresses)]),
    ...(ports.length === 0 ? [] : [`port ${listed(ports.map(String))}`]),
  ];
  return at.length === 0 ? name : `${name} (${at.join(', ')})`;
}

function unique<Value>(values: readonly (Value | undefined)[]): readonly Value[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

/** `a, b and c`. */
export function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** `2026-11-28 18:15 UTC`. */
export function showMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/**
 * A decision on one line of `name="value"`, for programs that can take that apart: Exim's `${extract{…}}`.
 *
 * All of it is one answer. Were each value asked for by itself, an answer that failed to come would be an empty value, and an empty list
 * of hosts that must have TLS is what a domain without any policy has.
 */
import { type DestinationVerdict, decideAll, type UsableHost } from '../combine.ts';
import type { Rules } from '../demand.ts';
import type { DestinationFacts } from '../destination.ts';

/** What a client has to do to each host. */
interface Lists {
  /** Hosts that may be used, the best first. */
  readonly mx: readonly string[];
  /** Those of them where TLS is required. */
  readonly tls: readonly string[];
  /** Those that have to prove their own name by a certificate of an authority. */
  readonly verify: readonly string[];
  /** Those that have to match their TLSA records. */
  readonly dane: readonly string[];
  /** Those where TLS is not to be tried. */
  readonly notls: readonly string[];
}

/** @returns one line, its end not included; printable ASCII. */
export function lineAnswer(facts: DestinationFacts, rules: Rules): string {
  const verdict = decideAll(facts, rules);
  if (verdict.kind !== 'deliver') return failing(verdict.kind, verdict.because);
  const lists = listsOf(verdict);
  if (lists.mx.length === 0) {
    const because = `${verdict.because}, which cannot be shown by the name of any host`;
    return failing('defer', because);
  }
  const written = Object.entries(lists).map(([name, hosts]) => `${name}="${hosts.join(':')}"`);
  return `result=deliver ${written.join(' ')} because="${quotable(verdict.because)}"`;
}

/** What is said where there are no hosts. @param result `none`: nothing can be published about what was asked. */
export function failing(result: 'defer' | 'refuse' | 'none', because: string): string {
  return `result=${result} because="${quotable(because)}"`;
}

function listsOf({ hosts }: DestinationVerdict): Lists {
  const used = hosts.filter((host) => host.kind === 'use').map((host) => ({ host, way: wayFor(host) }));
  const fit = used.filter(({ way }) => way !== 'impossible');
  const named = (...ways: readonly Way[]): readonly string[] =>
    fit.filter(({ way }) => ways.includes(way)).map(({ host }) => host.host);
  return {
    mx: fit.map(({ host }) => host.host),
    tls: named('encrypt', 'verify', 'dane'),
    verify: named('verify'),
    dane: named('dane'),
    notls: named('clear'),
  };
}

type Way = 'clear' | 'try' | 'encrypt' | 'verify' | 'dane' | 'impossible';

function wayFor({ host, decision }: UsableHost): Way {
  const { requires, tryTls, match, dane, provesName } = decision;
  if (requires === 'none') return tryTls === 'no' ? 'clear' : 'try';
  if (requires === 'encrypt') return 'encrypt';
  if (dane !== null && (dane.trusted || (dane.binding && !provesName))) return 'dane';
  // The only name that such a client compares is the host's own.
  return match.some((one) => one.kind === 'name' && one.name === host) ? 'verify' : 'impossible';
}

/** Words of others may be in it. */
function quotable(text: string): string {
  return text
    .replaceAll(/["\\]/g, "'")
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, MOST_WORDS);
}

const MOST_WORDS = 500;

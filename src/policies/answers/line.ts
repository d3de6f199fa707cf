/**
 * A decision on one line of `name="value"`, for programs that can take that apart: Exim's `${extract{…}}`.
 *
 * All of it is one answer, and its result stands last: of a line that broke off there is none. Each host has one word, and what a
 * client does to a host without one it can choose to be the strictest; an empty list of hosts that must have TLS would be what a
 * domain without any policy has.
 */
import type { Domain } from '../../names/domain.ts';
import { type DestinationVerdict, decideAll, type UsableHost } from '../combine.ts';
import type { Rules } from '../demand.ts';
import type { DestinationFacts } from '../destination.ts';

/** @returns one line, its end not included; printable ASCII. */
export function lineAnswer(facts: DestinationFacts, rules: Rules): string {
  const verdict = decideAll(facts, rules);
  if (verdict.kind !== 'deliver') return failing(verdict.kind, verdict.because);
  const hosts = fitHosts(verdict);
  if (hosts.length === 0) {
    const because = `${verdict.because}, which cannot be shown by the name of any host`;
    return failing('defer', because);
  }
  const ways = [...waysOf(hosts)].map(([host, way]) => `${host}=${way}`).join(' ');
  return `mx="${inGroups(hosts)}" tls="${ways}" because="${quotable(verdict.because)}" result=deliver`;
}

/** What is said where there are no hosts. @param result `none`: nothing can be published about what was asked. */
export function failing(result: 'defer' | 'refuse' | 'none', because: string): string {
  return `because="${quotable(because)}" result=${result}`;
}

/** A host that may be used. */
interface FitHost {
  readonly host: Domain;
  readonly preference: number;
  /** The name that has its addresses, where it is an alias. */
  readonly owner: Domain | undefined;
  readonly way: Way;
}

function fitHosts({ hosts }: DestinationVerdict): readonly FitHost[] {
  const fit = hosts.flatMap((one) => {
    if (one.kind === 'avoid') return [];
    const way = wayFor(one);
    return way === undefined
      ? []
      : [{ host: one.host, preference: one.preference, owner: one.facts.owner, way }];
  });
  // Exim would go by the word of the other name, which may ask for less. The server is there by that name all the same.
  const ways = new Map(fit.map(({ host, way }) => [host, way]));
  return fit.filter(({ owner, way }) => owner === undefined || (ways.get(owner) ?? way) === way);
}

/**
 * By the name of each host, and by the one at the end of its aliases: after looking up addresses Exim goes by that one.
 *
 * Certificates it compares with the name at the beginning all the same, as 4.96 does. Where aliases would say different things of
 * one name, it has the strictest word.
 */
function waysOf(hosts: readonly FitHost[]): ReadonlyMap<string, Way> {
  const ways = new Map<string, Way>(hosts.map(({ host, way }) => [host, way]));
  const own = new Set(ways.keys());
  for (const { owner, way } of hosts) {
    if (owner === undefined || own.has(owner)) continue;
    const other = ways.get(owner);
    ways.set(owner, other === undefined || other === way ? way : 'verify');
  }
  return ways;
}

/**
 * As Exim writes lists of hosts: `+` between groups, within which the client chooses.
 *
 * RFC 5321 §5.1: where hosts have the same preference "the sender-SMTP MUST randomize them to spread the load".
 */
function inGroups(hosts: readonly FitHost[]): string {
  return hosts
    .flatMap(({ host, preference }, index) => {
      const before = hosts[index - 1];
      return before === undefined || before.preference === preference ? [host] : ['+', host];
    })
    .join(':');
}

/** `off`: no TLS; `may`: TLS where there is some; `verify`: a certificate of an authority for the host's own name. */
type Way = 'off' | 'may' | 'encrypt' | 'verify' | 'dane';

/** @returns undefined where it cannot be shown in any of these ways. */
function wayFor({ host, decision }: UsableHost): Way | undefined {
  const { requires, tryTls, match, dane, provesName } = decision;
  if (requires === 'none') return tryTls === 'no' ? 'off' : 'may';
  if (requires === 'encrypt') return 'encrypt';
  if (dane !== null && (dane.trusted || (dane.binding && !provesName))) return 'dane';
  // The only name that such a client compares is the host's own.
  return match.some((one) => one.kind === 'name' && one.name === host) ? 'verify' : undefined;
}

/** Words of others may be in it. */
function quotable(text: string): string {
  return text
    .replaceAll(/["\\]/g, "'")
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, MOST_WORDS);
}

const MOST_WORDS = 500;

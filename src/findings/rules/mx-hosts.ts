/** Each mail host by itself: that it exists, is no alias, belongs to somebody, and can be reached from anywhere. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import type { Mx } from '../../dns/records.ts';
import { type Domain, isLocalhost, isWithin, parseDomain } from '../../names/domain.ts';
import { isPublicAddress } from '../../names/public-address.ts';
import { MOST_HOSTS } from '../../policies/destination.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askAhead, askFor, showAnswer, zoneFinding, zoneLine } from '../ask.ts';
import type { CheckCase, HostCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import type { Finding, FindingScope } from '../finding.ts';
import { addressRemedies, removal, type Unreachable } from './mx-remedies.ts';

export function* mxHostFindings(
  theCase: CheckCase,
  domain: Domain,
  records: readonly Mx[],
): PolicyLookUp<Finding[]> {
  const { hosts } = theCase;
  const found: Finding[] = [];
  const named = hostsOf(records);
  yield* askAhead(
    [...named.keys()].flatMap((host) => [[host, types.A] as const, [host, types.AAAA] as const]),
  );
  for (const [host, preference] of named) {
    const answers = [yield* askFor(host, types.A), yield* askFor(host, types.AAAA)];
    const scope = { domain, host };
    found.push(
      ...aliasFindings(scope, answers, preference),
      ...(yield* addressFindings(
        theCase,
        { domain, host, preference, isOnly: records.length === 1 },
        answers,
      )),
    );
  }
  return [...found, ...hosts.flatMap((host) => privateFindings(domain, host))];
}

/** Those that senders try, each once, with its preference. */
function hostsOf(records: readonly Mx[]): ReadonlyMap<Domain, number> {
  const hosts = new Map<Domain, number>();
  for (const { exchange, preference } of records.toSorted((a, b) => a.preference - b.preference)) {
    const host = parseDomain(showName(exchange));
    if (host.kind !== 'ok' || hosts.size === MOST_HOSTS) continue;
    // A token of a provider never exists, and is told as what it is; nobody is asked about localhost (RFC 6761 §6.3).
    if (host.value.endsWith('.invalid') || isLocalhost(host.value) || hosts.has(host.value)) continue;
    hosts.set(host.value, preference);
  }
  return hosts;
}

function aliasFindings(scope: FindingScope, answers: readonly Answer[], preference: number): Finding[] {
  const answer = answers.find(({ aliases }) => aliases.length > 0);
  const [first] = answer?.aliases ?? [];
  if (first !== undefined && answer !== undefined) {
    const [from, to] = [showName(first.from), showName(first.to)];
    const end = showName(answer.owner);
    return [
      zoneFinding('mx.cname', 'warn', {
        scope,
        evidence: [`${from}. ${first.by} ${to}.`, ...(end === to ? [] : [`it leads on to ${end}`])],
        fix: [
          {
            who: 'dns-owner',
            do: `Put ${end} into the MX record in place of ${scope.host}; where the certificate and the MTA-STS policy name ${scope.host}, change them first.`,
            lines: [zoneLine(`${scope.domain}. IN MX ${preference} ${end}.`)],
            verify: `dig +short ${scope.domain} MX`,
          },
        ],
      }),
    ];
  }
  if (answers.some(({ kind }) => kind === 'unknown')) return [];
  return [zoneFinding('mx.cname', 'pass', { scope, evidence: [`${scope.host} is no alias`] })];
}

function* addressFindings(
  theCase: CheckCase,
  dead: Unreachable,
  answers: readonly Answer[],
): PolicyLookUp<Finding[]> {
  const { host, domain } = dead;
  const scope = { domain, host };
  const found = answers.filter(({ kind }) => kind === 'found');
  if (found.length > 0) {
    const evidence = found.flatMap(showAnswer);
    return [
      zoneFinding('mx.no-address', 'pass', { scope, evidence }),
      zoneFinding('mx.dangling', 'pass', { scope, evidence }),
    ];
  }
  // Told by dns.servfail, or by the checks of DNSSEC.
  if (answers.some(({ kind }) => kind === 'unknown')) return [];
  const evidence = answers.flatMap(showAnswer);
  const nobodys = yield* nobodysName(host, domain, answers);
  const failed = (fix: readonly Remedy[]): Finding =>
    zoneFinding('mx.no-address', 'fail', { scope, evidence, fix });
  if (nobodys === undefined) return [failed(addressRemedies(theCase, dead))];
  const because = `${nobodys} does not exist: if somebody else registers or claims it, mail for ${domain} goes there`;
  const gone = removal(dead);
  const dangling = { scope, evidence: [...evidence, because], fix: [gone] };
  return [failed([gone]), zoneFinding('mx.dangling', 'fail', dangling)];
}

/** Names above a host that are asked about. */
const MOST_ABOVE = 8;

/**
 * A name that others could take over: what an alias of the host leads to and is not there, or the highest name above the
 * host that does not exist. Names in the domain itself are its own.
 */
function* nobodysName(
  host: Domain,
  domain: Domain,
  answers: readonly Answer[],
): PolicyLookUp<string | undefined> {
  const missing = answers.filter((one) => one.kind === 'absent' && one.what === 'no-such-name');
  for (const { aliases, owner } of missing) {
    const end = aliases.length > 0 ? parseDomain(showName(owner)) : undefined;
    if (end?.kind === 'ok' && !isWithin(end.value, domain)) return end.value;
  }
  if (isWithin(host, domain) || missing.length === 0) return undefined;
  const labels = host.split('.');
  // From the second-level name down: the first that does not exist is the one that can be had.
  for (let count = Math.max(2, labels.length - MOST_ABOVE); count < labels.length; count += 1) {
    const above = parseDomain(labels.slice(-count).join('.'));
    if (above.kind !== 'ok') continue;
    const answer = yield* askFor(above.value, types.SOA);
    if (answer.kind === 'absent' && answer.what === 'no-such-name') return above.value;
  }
  return labels.length === 2 ? host : undefined;
}

/** Addresses that mean something only inside some network. */
function privateFindings(domain: Domain, host: HostCase): Finding[] {
  if (host.facts?.kind !== 'found' || isLocalhost(host.name)) return [];
  const { addresses } = host.facts;
  const bad = addresses.filter((address) => !isPublicAddress(address));
  const scope = { domain, host: host.name };
  if (bad.length === 0) {
    const evidence = [`${host.name}: ${addresses.slice(0, 8).join(', ')}`];
    return [zoneFinding('mx.private-address', 'pass', { scope, evidence })];
  }
  return bad.slice(0, 8).map((address) => {
    // Where it was visited, the check was told to, from inside that network: there it is the right address.
    const wasVisited = host.observations.some(({ endpoint }) => endpoint.address === address);
    // Left alone for another reason than that it is private: whether we are inside of its network nobody has looked.
    const skipped = host.skipped.find((one) => one.address === address);
    if (!wasVisited && skipped !== undefined && skipped.kind !== 'private') {
      return zoneFinding('mx.private-address', 'not-tested', {
        scope: { ...scope, address },
        evidence: [
          `${host.name} has the address ${address}, which is none of the public Internet`,
          `whether a server answers there was not tried: ${skipped.because}`,
        ],
        severity: 'info',
      });
    }
    return zoneFinding('mx.private-address', wasVisited ? 'warn' : 'fail', {
      scope: { ...scope, address },
      evidence: [
        `${host.name} has the address ${address}, which is none of the public Internet`,
        ...(wasVisited ? ['from where this check ran, a server answers there'] : []),
      ],
      ...(wasVisited ? { severity: 'info' } : {}),
      fix: [
        {
          who: 'dns-owner',
          do: `Publish the public address of ${host.name} in place of ${address}; keep private addresses in a view for the inside.`,
          verify: `dig +short ${host.name} A ${host.name} AAAA`,
        },
      ],
    });
  });
}

/** The MX records of a domain as a set: RFC 5321 §5.1, RFC 7505. Each host by itself is in mx-hosts.ts. */
import type { Answer } from '../../dns/answer.ts';
import { nameOf, showName, wildcardOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { type Mx, readMx } from '../../dns/records.ts';
import { parseHost } from '../../names/address.ts';
import { type Domain, isLocalhost, parseDomain } from '../../names/domain.ts';
import { MOST_HOSTS } from '../../policies/destination.ts';
import { type PolicyLookUp, resolve } from '../../policies/look-ups.ts';
import { askFor, shorten, showAnswer, zoneFinding, zoneLine } from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import { backupFindings } from './mx-backups.ts';
import { mxHostFindings } from './mx-hosts.ts';
import { reverseFindings } from './reverse.ts';

type Found = Extract<Answer, { kind: 'found' }>;

export function* mxFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { target } = theCase;
  const reverse = yield* reverseFindings(theCase);
  if (target.kind !== 'domain') return reverse;
  const { domain } = target;
  const answer = yield* askFor(domain, types.MX);
  // What is unknown, and what does not exist, is told by the checks of the DNS.
  if (answer.kind === 'unknown') return reverse;
  if (answer.kind === 'absent')
    return answer.what === 'no-such-name' ? [] : [...withoutMx(theCase, domain, answer), ...reverse];
  const records = answer.records.flatMap((data) => readMx(data) ?? []);
  if (records.every(isNull)) return nullMx(domain, answer, records);
  return [
    ...setFindings(domain, answer, records),
    ...(yield* wildcardFindings(domain)),
    ...(yield* mxHostFindings(theCase, domain, records)),
    ...backupFindings(theCase),
    ...reverse,
  ];
}

function isNull({ exchange }: Mx): boolean {
  return showName(exchange) === '.';
}

/** The line that says that a domain takes no mail. */
function nullMxRemedy(domain: Domain): Remedy {
  return {
    who: 'dns-owner',
    do: `If ${domain} takes no mail, publish the null MX.`,
    lines: [zoneLine(`${domain}. IN MX 0 .`)],
    verify: `dig +short ${domain} MX`,
  };
}

function withoutMx({ hosts }: CheckCase, domain: Domain, answer: Answer): Finding[] {
  const scope = { domain };
  const evidence = [...showAnswer(answer)];
  const facts = hosts[0]?.facts;
  // Whether it has an address is not known: then it is not known which of the two it is.
  if (facts?.kind === 'unknown') return [];
  if (facts?.kind !== 'found') {
    const because = facts?.because ?? `${domain} has no address`;
    const fix = [
      {
        who: 'dns-owner',
        do: `If ${domain} takes mail, name its mail host, and publish the addresses of that.`,
        lines: [
          zoneLine(`${domain}. IN MX 10 mail.${domain}.`),
          zoneLine(`mail.${domain}. IN A <IPv4 address of the host>`),
        ],
        verify: `dig +short ${domain} MX`,
      } as const,
      nullMxRemedy(domain),
    ];
    return [
      zoneFinding('mx.null-missing-nonmail', 'absent', { scope, evidence: [...evidence, because], fix }),
    ];
  }
  return [
    zoneFinding('mx.none-implicit-a', 'warn', {
      scope,
      evidence: [
        ...evidence,
        `senders use the addresses of ${domain} itself: ${facts.addresses.slice(0, 4).join(', ')}`,
      ],
      fix: [
        {
          who: 'dns-owner',
          do: `If ${domain} takes mail, name its mail host.`,
          lines: [zoneLine(`${domain}. IN MX 10 ${domain}.`)],
          verify: `dig +short ${domain} MX`,
        },
        nullMxRemedy(domain),
      ],
    }),
  ];
}

function nullMx(domain: Domain, answer: Found, records: readonly Mx[]): Finding[] {
  const scope = { domain };
  const evidence = showAnswer(answer);
  const isExact = records.length === 1 && records[0]?.preference === 0;
  const fix: Remedy = {
    who: 'dns-owner',
    do: `Keep one null MX for ${domain}, with the preference 0.`,
    lines: [zoneLine(`${domain}. IN MX 0 .`)],
    verify: `dig +short ${domain} MX`,
  };
  return [
    zoneFinding('mx.null', isExact ? 'pass' : 'warn', { scope, evidence, fix: [fix] }),
    zoneFinding('mx.null-with-others', 'pass', { scope, evidence }),
  ];
}

function setFindings(domain: Domain, answer: Found, records: readonly Mx[]): Finding[] {
  const scope = { domain };
  const evidence = showAnswer(answer);
  const hosts = records.filter((record) => !isNull(record)).map(({ exchange }) => showName(exchange));
  const verdict = (bad: boolean): 'warn' | 'pass' => (bad ? 'warn' : 'pass');
  const twice = [...new Set(hosts.filter((host, index) => hosts.indexOf(host) !== index))];
  const providers = new Set(hosts.filter((host) => parseDomain(host).kind === 'ok').map(providerOf));
  const tokens = hosts.filter((host) => host.endsWith('.invalid'));
  const leftover = tokens.map((host) => shorten(`${host} is below .invalid and never exists`));
  return [
    zoneFinding('mx.none-implicit-a', 'pass', { scope, evidence }),
    zoneFinding('mx.null-with-others', hosts.length < records.length ? 'fail' : 'pass', { scope, evidence }),
    ...nameFindings(domain, records),
    zoneFinding('mx.duplicate', verdict(twice.length > 0), {
      scope,
      evidence:
        twice.length > 0
          ? twice.slice(0, 5).map((host) => shorten(`${host} is named more than once`))
          : evidence,
    }),
    zoneFinding('mx.single', verdict(new Set(hosts).size === 1), { scope, evidence }),
    zoneFinding('mx.too-many', verdict(hosts.length > MOST_HOSTS), {
      scope,
      evidence: [`${domain} has ${hosts.length} mail host${hosts.length === 1 ? '' : 's'}`],
    }),
    zoneFinding('mx.mixed-providers', verdict(providers.size > 1), {
      scope,
      evidence: [`the mail hosts are of ${shorten([...providers].slice(0, 5).join(', '))}`],
    }),
    zoneFinding('mx.provider-token', verdict(tokens.length > 0), {
      scope,
      evidence: tokens.length > 0 ? leftover.slice(0, 5) : evidence,
    }),
  ];
}

/** Records that do not name a host, and those that name the sender itself. */
function nameFindings(domain: Domain, records: readonly Mx[]): Finding[] {
  const found: Finding[] = [];
  const named = records.filter((record) => !isNull(record));
  for (const { exchange, preference } of named) {
    const host = showName(exchange);
    const evidence = [shorten(`${domain}. MX ${preference} ${host}.`)];
    if (parseDomain(host).kind !== 'ok') {
      const fix = [namedHost(domain, preference, host)];
      found.push(
        zoneFinding('mx.ip-literal', 'fail', { scope: { domain, host: shorten(host) }, evidence, fix }),
      );
    } else if (isThisHost(host)) {
      found.push(zoneFinding('mx.localhost', 'fail', { scope: { domain, host }, evidence }));
    }
  }
  const all = (id: 'mx.ip-literal' | 'mx.localhost'): Finding[] =>
    found.some((one) => one.id === id)
      ? []
      : [
          zoneFinding(id, 'pass', {
            scope: { domain },
            evidence: [`none of ${named.length} MX records does`],
          }),
        ];
  return [...found, ...all('mx.ip-literal'), ...all('mx.localhost')];
}

/** The address that was meant, at a name of its own. */
function namedHost(domain: Domain, preference: number, host: string): Remedy {
  const address = parseHost(host);
  const line =
    address.kind === 'ok' && address.value.kind === 'ip' ? [zoneLine(`mail.${domain}. IN A ${host}`)] : [];
  return {
    who: 'dns-owner',
    do: `Give the mail host of ${domain} a name, and put the name into the MX record.`,
    lines: [...line, zoneLine(`${domain}. IN MX ${preference} mail.${domain}.`)],
    verify: `dig +short ${domain} MX`,
  };
}

/** RFC 6761 §6.3, and the name that many systems have for it in their tables. */
function isThisHost(host: string): boolean {
  return isLocalhost(host) || host === 'localhost.localdomain';
}

/** The last two labels: whose it is can be told no better without a list of registries. */
function providerOf(host: string): string {
  return host.split('.').slice(-2).join('.');
}

function* wildcardFindings(domain: Domain): PolicyLookUp<Finding[]> {
  const name = wildcardOf(nameOf(domain));
  if (name === undefined) return [];
  const answer = yield* resolve({ name, type: types.MX });
  if (answer.kind === 'unknown') return [];
  const state = answer.kind === 'found' ? 'warn' : 'pass';
  return [zoneFinding('mx.wildcard', state, { scope: { domain }, evidence: showAnswer(answer) })];
}

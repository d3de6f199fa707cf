/** Whether the names that are asked about exist, and whether somebody answers for them. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { readSrv } from '../../dns/records.ts';
import { type Domain, isLocalhost, parseDomain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askFor, below, notAnswered, shorten, showAnswer, zoneFinding, zoneLine } from '../ask.ts';
import type { CheckCase, Target } from '../case.ts';
import type { CheckProtocol, TlsMode } from '../endpoint.ts';
import type { Finding, FindingScope } from '../finding.ts';
import { groundOf } from '../ground.ts';

export function* dnsFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { target } = theCase;
  switch (target.kind) {
    case 'domain':
      return yield* domainFindings(theCase, target.domain);
    case 'host':
      if (isLocalhost(target.host)) return [];
      return [...(yield* hostFindings(theCase, target.host)), ...(yield* srvFindings(theCase, target))];
    case 'address':
      return [];
  }
}

function* domainFindings(theCase: CheckCase, domain: Domain): PolicyLookUp<Finding[]> {
  const answer = yield* askFor(domain, types.MX);
  const found = yield* existence(answer, { domain }, theCase);
  for (const { name, facts } of theCase.hosts) {
    if (facts?.kind !== 'unknown' || facts.status === 'bogus') continue;
    found.push(
      zoneFinding('dns.servfail', 'not-tested', {
        scope: { domain, host: name },
        evidence: [facts.because],
        severity: 'high',
        retryAt: theCase.now + 10 * 60_000,
      }),
    );
  }
  return found;
}

function* hostFindings(theCase: CheckCase, host: Domain): PolicyLookUp<Finding[]> {
  const answers = [yield* askFor(host, types.A), yield* askFor(host, types.AAAA)];
  const best =
    answers.find(({ kind }) => kind === 'found') ??
    answers.find(({ kind }) => kind === 'unknown') ??
    answers[0];
  if (best === undefined) return [];
  const nothing = best.kind === 'absent' && best.what === 'no-such-record';
  if (!nothing) return yield* existence(best, { host }, theCase);
  return [
    zoneFinding('dns.nxdomain', 'fail', {
      scope: { host },
      evidence: answers.flatMap(showAnswer),
      why: 'The name has no address, so that nobody can reach a server by it.',
      fix: [
        {
          who: 'dns-owner',
          do: `Publish the addresses of ${host}.`,
          lines: [
            zoneLine(`${host}. IN A <IPv4 address of the host>`),
            zoneLine(`${host}. IN AAAA <IPv6 address, if it has one>`),
          ],
          verify: `dig +short ${host} A ${host} AAAA`,
        },
      ],
    }),
  ];
}

/** Whether a name is there at all; what is bogus is told by the checks of DNSSEC. */
function* existence(answer: Answer, scope: FindingScope, { now, facts }: CheckCase): PolicyLookUp<Finding[]> {
  if (answer.kind === 'unknown') {
    if (answer.status === 'bogus') return [];
    const ground = yield* groundOf(facts);
    const failed = notAnswered('dns.servfail', scope, answer, { now });
    if (ground.kind === 'firm') return [failed];
    return [{ ...failed, evidence: [...failed.evidence, shorten(ground.because)], fix: ground.fix }];
  }
  const evidence = showAnswer(answer);
  const isGone = answer.kind === 'absent' && answer.what === 'no-such-name';
  return [
    zoneFinding('dns.servfail', 'pass', { scope, evidence }),
    zoneFinding('dns.nxdomain', isGone ? 'fail' : 'pass', { scope, evidence }),
  ];
}

/** Names of services, with TLS from the first octet before those with STARTTLS (RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8). */
const services: Partial<Readonly<Record<CheckProtocol, Readonly<Record<TlsMode, string>>>>> = {
  submission: { implicit: '_submissions', starttls: '_submission' },
  imap: { implicit: '_imaps', starttls: '_imap' },
  pop3: { implicit: '_pop3s', starttls: '_pop3' },
  sieve: { implicit: '_sieve', starttls: '_sieve' },
};

/** Whether the domain that the host is of leads to it: the host's own name, or the one above it. */
function* srvFindings(
  { now }: CheckCase,
  { host, port, protocol, tls }: Extract<Target, { kind: 'host' }>,
): PolicyLookUp<Finding[]> {
  const service = services[protocol]?.[tls];
  if (service === undefined) return [];
  const evidence: string[] = [];
  for (const domain of [parentOf(host), host]) {
    const name = domain === undefined ? undefined : below(`${service}._tcp`, domain);
    if (name === undefined) continue;
    const answer = yield* askFor(name, types.SRV);
    if (answer.kind === 'unknown') return [notAnswered('srv.missing', { host, port }, answer, { now })];
    evidence.push(...showAnswer(answer));
    if (answer.kind === 'found' && answer.records.some((data) => leadsTo(data, host, port)))
      return [zoneFinding('srv.missing', 'pass', { scope: { host, port }, evidence: showAnswer(answer) })];
  }
  const domain = parentOf(host) ?? host;
  return [
    zoneFinding('srv.missing', 'absent', {
      scope: { host, port },
      evidence,
      fix: [
        {
          who: 'dns-owner',
          do: `Publish an SRV record at the domain of the mail addresses; if that is ${domain}, this one.`,
          lines: [zoneLine(`${service}._tcp.${domain}. IN SRV 0 1 ${port} ${host}.`)],
          verify: `dig +short ${service}._tcp.${domain} SRV`,
        },
      ],
    }),
  ];
}

function leadsTo(data: Uint8Array, host: Domain, port: number): boolean {
  const srv = readSrv(data);
  return srv !== undefined && srv.port === port && showName(srv.target) === host;
}

/** The domain above a host, where it has at least two labels. */
function parentOf(host: Domain): Domain | undefined {
  const parent = parseDomain(host.slice(host.indexOf('.') + 1));
  return parent.kind === 'ok' && parent.value !== host && parent.value.includes('.')
    ? parent.value
    : undefined;
}

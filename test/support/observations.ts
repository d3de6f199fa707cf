/**
 * What was seen of servers and what is known of their domain, as tests of what is judged from it say it.
 *
 * Each function gives something faultless, and takes what is to be different: `observe({ base: { clear: [] } })`.
 */

import type { CheckCase, HostCase, PolicyAtHost } from '../../src/findings/case.ts';
import { type CheckProtocol, checkProtocols, type Endpoint } from '../../src/findings/endpoint.ts';
import type { Finding } from '../../src/findings/finding.ts';
import type { HelloSeen, HelloSession } from '../../src/findings/hello-seen.ts';
import type {
  AnswerSeen,
  BrokenOffBy,
  Connect,
  HandshakeSeen,
  MailboxSeen,
  Observation,
  ObservedTls,
  Probed,
  Probes,
  SmtpSeen,
  Step,
  Visit,
  VisitEnd,
} from '../../src/findings/observation.ts';
import { decideAll } from '../../src/policies/combine.ts';
import { readTlsaSet } from '../../src/policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../src/policies/destination.ts';
import { readPublicKeyInfo } from '../../src/tls/raw-certificate.ts';
import { authority, type CertificateSpec, certify, type KeyKind, now, party, server } from './chains.ts';
import { DOMAIN, factsOf, hostWith, nameOf, stsOf, type Told, tlsaData } from './destinations.ts';
import { manners } from './manners.ts';

export { now } from './chains.ts';

export const HOST = 'mx1.example.test';
export const ADDRESS = '192.0.2.1';
export const ADDRESS6 = '2001:db8::1';

const aDay = 24 * 3600 * 1000;

export interface ChainOptions {
  /** dNSName entries; by default the host alone. */
  readonly names?: readonly string[];
  readonly key?: KeyKind;
  /** Of the leaf, beside or in place of what a server's certificate says. */
  readonly spec?: CertificateSpec;
}

const issuing = party('Issuing Authority');

/** Valid from 30 days ago for 90 days, signed by an authority whose own certificate is presented too: DER, leaf first. */
export function chainFor(options: ChainOptions = {}): readonly Buffer[] {
  // Signatures of ECDSA are random: the same chain, asked for twice, is to be the same.
  const id = JSON.stringify(options);
  const chain = chains.get(id) ?? makeChain(options);
  chains.set(id, chain);
  return chain;
}

const chains = new Map<string, readonly Buffer[]>();

function makeChain({ names = [HOST], key = 'p256', spec = {} }: ChainOptions): readonly Buffer[] {
  const leaf = certify(party(names[0] ?? 'nameless.test', key), issuing, {
    notBefore: now - 30 * aDay,
    notAfter: now + 60 * aDay,
    extensions: server(...names),
    ...spec,
  });
  return [leaf, issuerOf()];
}

/** The certificate of the authority that signs in {@link chainFor}; the root above it is nobody's to present. */
export function issuerOf(): Buffer {
  return certify(issuing, party('Root'), {
    notBefore: now - 365 * aDay,
    notAfter: now + 3650 * aDay,
    extensions: authority,
  });
}

/** The root itself, signed by its own key. */
export function rootOf(spec: ChainOptions['spec'] = {}): Buffer {
  const root = party('Root');
  return certify(root, root, {
    notBefore: now - 3650 * aDay,
    notAfter: now + 3650 * aDay,
    extensions: authority,
    ...spec,
  });
}

export function answerOf(code: number | null, text: string): AnswerSeen {
  const positive = code === null ? true : code < 400;
  return { code, positive, text: code === null ? text : `${code} ${text}` };
}

/** A session of TLS 1.3 with a hybrid key exchange and a certificate that leads to a root. */
export function tlsSeen(change: Partial<ObservedTls> = {}): ObservedTls {
  return {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519MLKEM768',
    chain: chainFor(),
    path: { kind: 'trusted' },
    serverName: HOST,
    alpn: null,
    ...change,
  };
}

export function endpointOf(change: Partial<Endpoint> = {}): Endpoint {
  const protocol = change.protocol ?? 'smtp';
  const port = checkProtocols[protocol][change.tls ?? 'starttls'];
  return {
    address: ADDRESS,
    port: port ?? 25,
    protocol,
    tls: 'starttls',
    serverName: HOST,
    ...change,
  };
}

const smtpFamily: readonly CheckProtocol[] = ['smtp', 'submission', 'lmtp'];
const mailboxes: readonly CheckProtocol[] = ['imap', 'pop3', 'sieve'];

/** A visit that found everything in order, to the goodbye. */
export function visitOf(
  { protocol, tls }: Pick<Endpoint, 'protocol' | 'tls'> = endpointOf(),
  change: Partial<Visit> = {},
): Visit {
  const { greeting, clear, inside } = manners[protocol];
  const isImplicit = tls === 'implicit';
  return {
    connect: { kind: 'connected', ms: 12 },
    transcript: ['S: …', 'C: …'],
    greeting: greeting === null ? null : { ms: 40, ...greeting },
    smtp: smtpFamily.includes(protocol) ? smtpSeen(isImplicit ? { helloInside: null } : {}) : null,
    mailbox: mailboxes.includes(protocol) ? mailboxSeen() : null,
    clear: isImplicit ? null : clear,
    upgrade: isImplicit ? { kind: 'implicit' } : { kind: 'secured', ms: 80 },
    tls: tlsSeen(),
    inside,
    again: isImplicit ? null : answerOf(503, '5.5.1 TLS is active already'),
    end: { kind: 'complete' },
    ...change,
  };
}

export function smtpSeen(change: Partial<SmtpSeen> = {}): SmtpSeen {
  const hello = answerOf(250, HOST);
  return { hello, helo: null, helloInside: hello, mailInClear: null, ...change };
}

export function mailboxSeen(change: Partial<MailboxSeen> = {}): MailboxSeen {
  const loginInClear = { code: null, positive: false, text: 'NO [PRIVACYREQUIRED] not without TLS' };
  return { preauth: false, loginInClear, ...change };
}

export interface Seen {
  readonly endpoint?: Partial<Endpoint>;
  readonly at?: number;
  readonly connections?: number;
  readonly base?: Partial<Visit>;
  readonly probes?: Probes;
}

/** An endpoint of SMTP at which everything is in order, unless something else is said. */
export function observe({ endpoint, at = now, connections = 1, base, probes = {} }: Seen = {}): Observation {
  const door = endpointOf(endpoint);
  return { endpoint: door, at, connections, base: visitOf(door, base), probes };
}

/** What is known where a connection has not come about. */
export function notConnected(how: Extract<Connect, { kind: 'failed' }>['how'] = 'timeout'): Partial<Visit> {
  return {
    ...nothingSeen,
    connect: { kind: 'failed', how, because: `of the test: ${how}`, ms: 30_000 },
    transcript: [],
    end: { kind: 'not-connected' },
  };
}

/** The greeting, or a later answer, has sent us away. */
export function sentAway(
  kind: 'throttled' | 'blocked' | 'refused',
  answer = answerOf(421, '4.7.0 too many connections'),
  step: Step = 'greeting',
): Partial<Visit> {
  return { ...nothingSeen, transcript: [`S: ${answer.text}`], end: { kind, at: step, answer } };
}

/** The visit has ended before anything was learnt of TLS. */
export function endedAt(end: VisitEnd): Partial<Visit> {
  return { ...nothingSeen, end };
}

/** Everything but STARTTLS. */
export function withoutStarttls(protocol: CheckProtocol = 'smtp'): Partial<Visit> {
  const clear = manners[protocol].clear.filter((line) => !/STARTTLS|STLS|AUTH TLS|1466\.20037/i.test(line));
  return {
    clear,
    upgrade: { kind: 'not-offered', because: 'the server does not offer STARTTLS' },
    ...withoutTls,
  };
}

/** The server took STARTTLS, and then no handshake. */
export function handshakeFailed(alert: string | null = 'handshake_failure'): Partial<Visit> {
  const because = alert === null ? 'the connection was closed' : `the server sent the alert ${alert}`;
  return { upgrade: { kind: 'handshake-failed', because, alert, ms: 90 }, ...withoutTls };
}

const withoutTls = { tls: null, inside: null, again: null, end: { kind: 'without-tls' } } as const;

const nothingSeen = {
  greeting: null,
  smtp: null,
  mailbox: null,
  clear: null,
  upgrade: { kind: 'not-reached' },
  tls: null,
  inside: null,
  again: null,
} as const;

/** A probe whose handshake came about. */
export function secured(tls: Partial<ObservedTls> = {}): Probed<HandshakeSeen> {
  return { kind: 'seen', result: 'secured', tls: tlsSeen(tls) };
}

/** The probe for the other kind of key. */
export function otherKey(
  tls: Partial<ObservedTls> = { chain: chainFor({ key: 'rsa2048' }) },
): NonNullable<Probes['otherKey']> {
  return { kind: 'seen', key: 'rsa', result: 'secured', tls: tlsSeen(tls) };
}

/** A handshake that the server would not have: by an alert, by closing without a word, or, as older recordings do, unsaid. */
export function handshakeRefused(
  by: BrokenOffBy | null = { kind: 'alert', alert: 'protocol version' },
): Probed<HandshakeSeen> {
  const because = by?.kind === 'alert' ? `the server sent the alert ${by.alert}` : 'it came to nothing';
  return { kind: 'seen', result: 'failed', because, ...(by === null ? {} : { by }) };
}

/** A handshake that our own TLS would not go on with. */
export function handshakeUnfit(): Probed<HandshakeSeen> {
  return { kind: 'seen', result: 'failed', because: 'dh key too small', by: { kind: 'own' } };
}

/** A hello of our own that came to a session; by default one of TLS 1.2 at which all is well. */
export function agreed(change: Partial<HelloSession> = {}): { readonly kind: 'seen' } & HelloSeen {
  const session: HelloSession = {
    version: 0x0303,
    suite: 0xc02b,
    compression: 0,
    extendedMasterSecret: true,
    renegotiationInfo: true,
    couldSpeak: 0x0304,
    group: 0x001d,
    prime: null,
    signatureScheme: 0x0403,
    chain: chainFor(),
    ...change,
  };
  return { kind: 'seen', result: 'agreed', session };
}

/** A hello of our own that was refused: with handshake_failure, unless another alert is named; null: by closing. */
export function helloRefused(alert: number | null = 40): { readonly kind: 'seen' } & HelloSeen {
  return { kind: 'seen', result: 'refused', alert };
}

/** A probe that has not come to its question. */
export function probeNotTested(end: VisitEnd = { kind: 'timeout', at: 'probe', ms: 30_000 }): {
  readonly kind: 'not-tested';
  readonly because: string;
  readonly end: VisitEnd;
} {
  return { kind: 'not-tested', because: 'the server did not answer in time', end };
}

/** A host of a case. @param observations by default one address at which all is well. */
export function hostCase(
  observations: readonly Observation[] = [observe()],
  change: Partial<HostCase> = {},
): HostCase {
  const name = change.name ?? HOST;
  return {
    name,
    preference: 10,
    facts: change.facts === undefined ? hostWith(name, 'absent') : change.facts,
    verdict: null,
    observations,
    skipped: [],
    ...change,
  };
}

/** A case about a domain whose hosts these are; facts, where they are not told, are those of the hosts. */
export function caseOf(
  hosts: readonly HostCase[] = [hostCase()],
  change: Partial<CheckCase> = {},
): CheckCase {
  const told = hosts.flatMap(({ facts }) => facts ?? []);
  const facts = change.facts === undefined ? factsOf(told.length === 0 ? {} : { hosts: told }) : change.facts;
  return {
    target: { kind: 'domain', domain: DOMAIN },
    now,
    depth: 'standard',
    intrusive: false,
    facts,
    verdict: facts === null ? null : decideAll(facts, { route: undefined, defaultLevel: 'may' }),
    hosts,
    ...change,
  };
}

/** A case about one server of another protocol than SMTP between servers, named as a host. */
export function hostTarget(observations: readonly Observation[], change: Partial<CheckCase> = {}): CheckCase {
  const { port, protocol, tls } = observations[0]?.endpoint ?? endpointOf();
  const host = hostCase(observations, { preference: null });
  const target = { kind: 'host', host: nameOf(HOST), port, protocol, tls } as const;
  return caseOf([host], { target, ...change });
}

/** The case in which a policy of this kind is in force at the one host, whose leaf certificate it is about. */
export function underPolicy(
  policy: PolicyAtHost,
  observations: readonly Observation[] = [observe()],
  change: Partial<CheckCase> = {},
): CheckCase {
  const leaf = observations.flatMap(({ base }) => base.tls?.chain[0] ?? [])[0];
  const facts = factsUnder(policy, leaf);
  const host = hostCase(observations, { facts: facts.hosts[0]?.facts ?? null });
  return caseOf([host], { facts, ...change });
}

/** Facts of example.test with one host, at which a policy of this kind is in force. */
export function factsUnder(policy: PolicyAtHost, leaf?: Uint8Array): DestinationFacts {
  const usage = policy === 'dane-ee' ? 3 : policy === 'dane-ta' ? 2 : undefined;
  if (usage !== undefined) {
    const spki = leaf && readPublicKeyInfo(leaf);
    // Selector 1, matching type 0: the key itself, where there is one to be had.
    const data = spki === undefined ? tlsaData(usage) : Uint8Array.of(usage, 1, 0, ...spki);
    const set = readTlsaSet([data]);
    const tlsa = { kind: 'found', base: nameOf(HOST), set, evidence: ['of the test'] } as const;
    return factsOf({ hosts: [hostWith(HOST, tlsa)] });
  }
  const told: Told =
    policy === 'none' ? {} : { sts: stsOf(policy === 'sts-enforce' ? 'enforce' : 'testing', HOST) };
  return factsOf(told);
}

/** The findings of an id, or of several. */
export function only(findings: readonly Finding[], ...ids: readonly string[]): readonly Finding[] {
  return findings.filter(({ id }) => ids.includes(id));
}

/** `fail`, `pass, warn` …: the states of an id, in the order of the findings; empty where there is none. */
export function statesOf(findings: readonly Finding[], id: string): string {
  return only(findings, id)
    .map(({ state }) => state)
    .join(', ');
}

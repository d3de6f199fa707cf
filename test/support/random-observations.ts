/** Observations as nobody would think of them: every part of them at random, hostile texts included. */
import * as fc from 'fast-check';
import type { CheckCase } from '../../src/findings/case.ts';
import { checkProtocols, type Endpoint } from '../../src/findings/endpoint.ts';
import type { HelloProbes, HelloSeen } from '../../src/findings/hello-seen.ts';
import type {
  AnswerSeen,
  HandshakeSeen,
  Observation,
  ObservedTls,
  Probed,
  Probes,
  Step,
  Upgrade,
  Visit,
  VisitEnd,
} from '../../src/findings/observation.ts';
import { aDay } from './chains.ts';
import {
  ADDRESS,
  ADDRESS6,
  caseOf,
  chainFor,
  factsUnder,
  HOST,
  hostCase,
  issuerOf,
  now,
  rootOf,
} from './observations.ts';

/** As observations have it: printable, and of any length. */
const text = fc.string({ unit: 'grapheme-ascii', maxLength: 600 });
const lines = fc.array(
  fc.oneof(
    text,
    fc.constantFrom('STARTTLS', 'STLS', 'AUTH PLAIN', '"SASL" "PLAIN"', 'XXXXXXXA', 'LOGINDISABLED', 'USER'),
  ),
  { maxLength: 20 },
);
const ms = fc.nat(400_000);
const step = fc.constantFrom<Step>(
  'greeting',
  'hello',
  'starttls',
  'handshake',
  'inside',
  'again',
  'goodbye',
  'probe',
);
const answer: fc.Arbitrary<AnswerSeen> = fc.record({
  code: fc.option(fc.constantFrom(220, 250, 252, 421, 450, 454, 502, 530, 550, 554)),
  positive: fc.boolean(),
  text,
});

const end: fc.Arbitrary<VisitEnd> = fc.oneof(
  fc.constantFrom<VisitEnd>({ kind: 'complete' }, { kind: 'not-connected' }, { kind: 'without-tls' }),
  fc.record({ kind: fc.constantFrom('throttled', 'blocked', 'refused'), at: step, answer }),
  fc.record({ kind: fc.constant('closed'), at: step }),
  fc.record({ kind: fc.constant('timeout'), at: step, ms }),
  fc.record({ kind: fc.constant('broken'), at: step, because: text }),
);

const upgrade: fc.Arbitrary<Upgrade> = fc.oneof(
  fc.constantFrom<Upgrade>({ kind: 'implicit' }, { kind: 'not-reached' }),
  fc.record({ kind: fc.constantFrom('not-offered', 'bad-answer'), because: text }),
  fc.record({ kind: fc.constant('refused'), answer }),
  fc.record({ kind: fc.constant('injected'), because: text, text }),
  fc.record({ kind: fc.constant('handshake-failed'), because: text, alert: fc.option(text), ms }),
  fc.record({ kind: fc.constant('secured'), ms }),
);

const certificate = fc.oneof(
  fc.constantFrom<Uint8Array>(
    ...chainFor(),
    ...chainFor({ names: ['*.example.test'], key: 'rsa2048' }),
    ...chainFor({ names: [], spec: { notAfter: now - aDay } }),
    issuerOf(),
    rootOf(),
  ),
  fc.uint8Array({ maxLength: 40 }),
);

const tls: fc.Arbitrary<ObservedTls> = fc.record({
  version: fc.constantFrom('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', 'unknown'),
  cipher: fc.constantFrom('TLS_AES_256_GCM_SHA384', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'x'),
  group: fc.option(fc.constantFrom('X25519MLKEM768', 'X25519')),
  chain: fc.array(certificate, { maxLength: 5 }),
  path: fc.oneof(
    fc.constantFrom<ObservedTls['path']>({ kind: 'trusted' }, { kind: 'absent' }),
    fc.record({
      kind: fc.constant('untrusted'),
      code: fc.constantFrom(
        'CERT_HAS_EXPIRED',
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        'DEPTH_ZERO_SELF_SIGNED_CERT',
        'X',
      ),
    }),
  ),
  serverName: fc.constant(HOST),
  alpn: fc.constant(null),
});

const visit: fc.Arbitrary<Visit> = fc.record({
  connect: fc.oneof(
    fc.record({ kind: fc.constant('connected'), ms }),
    fc.record({
      kind: fc.constant('failed'),
      how: fc.constantFrom('refused', 'timeout', 'reset', 'unreachable', 'no-route', 'other'),
      because: text,
      ms,
    }),
  ),
  transcript: lines.map((all) => all.map((line, at) => `${at % 2 === 0 ? 'C' : 'S'}: ${line}`)),
  greeting: fc.option(fc.record({ ms, lines, code: fc.option(fc.constantFrom(220, 250, 554)) })),
  smtp: fc.option(
    fc.record({
      hello: fc.option(answer),
      helo: fc.option(answer),
      helloInside: fc.option(answer),
      mailInClear: fc.option(answer),
    }),
  ),
  mailbox: fc.option(fc.record({ preauth: fc.boolean(), loginInClear: fc.option(answer) })),
  clear: fc.option(lines),
  upgrade,
  tls: fc.option(tls),
  inside: fc.option(lines),
  again: fc.option(answer),
  end,
});

function probed<Seen>(seen: fc.Arbitrary<{ readonly kind: 'seen' } & Seen>): fc.Arbitrary<Probed<Seen>> {
  return fc.oneof(seen, fc.record({ kind: fc.constant('not-tested'), because: text, end }));
}

const seen = fc.constant('seen');
const handshake = probed<HandshakeSeen>(
  fc.oneof(
    fc.record({ kind: seen, result: fc.constant('secured'), tls }),
    fc.record({ kind: seen, result: fc.constant('failed'), because: text }),
    fc.record({ kind: seen, result: fc.constant('not-offered') }),
  ),
);

const code = fc.oneof(
  fc.constantFrom(
    0x0002,
    0x0300,
    0x0301,
    0x0302,
    0x0303,
    0x0304,
    0x0001,
    0x000a,
    0x0005,
    0xc02f,
    0x1301,
    0x11ec,
  ),
  fc.nat(0xffff),
);

const shown = fc.array(certificate, { maxLength: 3 });
const helloSeen = probed<HelloSeen>(
  fc.oneof(
    fc.record({
      kind: seen,
      result: fc.constant('agreed'),
      session: fc.record({
        version: code,
        suite: code,
        compression: fc.constantFrom(0, 1),
        extendedMasterSecret: fc.boolean(),
        renegotiationInfo: fc.boolean(),
        couldSpeak: fc.option(code),
        group: fc.option(code),
        prime: fc.option(fc.uint8Array({ maxLength: 300 })),
        signatureScheme: fc.option(code),
        chain: shown,
      }),
    }),
    fc.record({ kind: seen, result: fc.constant('retry'), group: fc.option(code), suite: code }),
    fc.record({
      kind: seen,
      result: fc.constant('sslv2'),
      cipherKinds: fc.array(fc.nat(0xffffff)),
      chain: shown,
    }),
    fc.record({ kind: seen, result: fc.constant('refused'), alert: fc.option(fc.nat(255)) }),
    fc.record({ kind: seen, result: fc.constant('broken'), because: text }),
    fc.record({ kind: seen, result: fc.constant('not-offered') }),
  ),
);

function helloBeside<Also extends object>(also: fc.Arbitrary<Also>): fc.Arbitrary<Probed<Also & HelloSeen>> {
  return fc
    .tuple(helloSeen, also)
    .map(([answered, more]) => (answered.kind === 'seen' ? { ...answered, ...more } : answered));
}

const hello: fc.Arbitrary<HelloProbes> = fc.record(
  {
    retry: helloSeen,
    weakFirst: helloSeen,
    weakNamed: helloSeen,
    bestFirst: helloSeen,
    old: helloSeen,
    older: helloSeen,
    ssl3: helloSeen,
    ssl2: helloSeen,
    weak: fc.array(helloBeside(fc.record({ without: fc.subarray(['null', 'export', 'rc4', '3des']) })), {
      maxLength: 3,
    }),
    anonymous: helloSeen,
    prime: helloSeen,
    weakCurves: helloSeen,
    sha1: helloSeen,
    fallback: helloBeside(fc.record({ version: code })),
    large: helloBeside(fc.record({ octets: fc.constant(2048) })),
  },
  { requiredKeys: [] },
);

const probes: fc.Arbitrary<Probes> = fc.record(
  {
    hello,
    noServerName: handshake,
    legacy: handshake,
    upToTls12: handshake,
    otherHello: probed(fc.record({ kind: seen, helloName: text, clear: lines })),
    injection: probed(
      fc.record({ kind: seen, answered: fc.constantFrom('never', 'clear', 'inside'), transcript: lines }),
    ),
    state: probed(fc.record({ kind: seen, kept: fc.boolean(), what: text, transcript: lines })),
    alpn: probed(
      fc.oneof(
        fc.record({ kind: seen, offered: text, agreed: fc.option(text) }),
        fc.record({ kind: seen, refused: text }),
      ),
    ),
    intrusive: fc.record({ vrfy: fc.option(answer), expn: fc.option(answer), relay: fc.option(answer) }),
  },
  { requiredKeys: [] },
);

const endpoint: fc.Arbitrary<Endpoint> = fc
  .record({
    address: fc.constantFrom(ADDRESS, '192.0.2.2', ADDRESS6, '127.0.0.1'),
    protocol: fc.constantFrom(...protocolNames()),
    tls: fc.constantFrom('starttls', 'implicit'),
    serverName: fc.option(fc.constant(HOST)),
  })
  .map((door) => ({ ...door, port: checkProtocols[door.protocol][door.tls] ?? 25 }));

function protocolNames(): readonly Endpoint['protocol'][] {
  return [
    'smtp',
    'submission',
    'lmtp',
    'imap',
    'pop3',
    'sieve',
    'ldap',
    'nntp',
    'ftp',
    'xmpp',
    'postgres',
    'mysql',
  ];
}

const observation: fc.Arbitrary<Observation> = fc.record({
  endpoint,
  at: fc.constant(now),
  connections: fc.constant(1),
  base: visit,
  probes,
});

/** A case of one or two hosts, under any policy. */
export const randomCase: fc.Arbitrary<CheckCase> = fc
  .record({
    hosts: fc.array(fc.array(observation, { maxLength: 3 }), { minLength: 1, maxLength: 2 }),
    policy: fc.constantFrom('none', 'sts-testing', 'sts-enforce', 'dane-ta', 'dane-ee'),
    now: fc.integer({ min: now - 100 * aDay, max: now + 4000 * aDay }),
  })
  .map(({ hosts, policy, now: judgedAt }) => {
    const facts = factsUnder(policy, chainFor()[0]);
    const [first] = facts.hosts;
    return caseOf(
      hosts.map((observations) => hostCase(observations, { facts: first?.facts ?? null })),
      { facts, now: judgedAt },
    );
  });

/** Recordings for tests: a plain one, and any. */
import * as fc from 'fast-check';
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import type { HelloProbes } from '../../../../src/findings/hello-seen.ts';
import type { Observation, VisitEnd } from '../../../../src/findings/observation.ts';
import type { Recording } from '../../../../src/findings/recording.ts';
import type { StsEntry } from '../../../../src/policies/mta-sts/cache.ts';
import { observe, secured, tlsSeen } from '../../../support/observations.ts';
import { domain } from '../../../support/relay.ts';

export const at = Date.UTC(2026, 10, 28, 18);
const name = domain('example.test');

export function recordingOf(change: Partial<Recording> = {}): Recording {
  return {
    target: { kind: 'domain', domain: name },
    startedAt: at,
    durationMs: 812,
    depth: 'standard',
    intrusive: false,
    answers: [],
    fetched: [],
    recalled: [{ domain: name, recalled: { sts: undefined, overrides: [] } }],
    observations: [],
    withoutConsent: [],
    skipped: [],
    ...change,
  };
}

/** One of an address whose server is not there. */
export function unreachable(address: string, how: 'timeout' | 'refused' = 'refused', port = 25): Recording {
  const connect = { kind: 'failed', how, because: `connect ${address}:${port}`, ms: 3 } as const;
  const end: VisitEnd = { kind: 'not-connected' };
  return recordingOf({
    target: { kind: 'address', address, port, protocol: 'smtp', tls: 'starttls' },
    recalled: [],
    observations: [
      observe({
        endpoint: { address, port, serverName: null },
        base: {
          connect,
          end,
          transcript: [],
          greeting: null,
          smtp: null,
          clear: null,
          inside: null,
          again: null,
          tls: null,
          upgrade: { kind: 'not-reached' },
        },
      }),
    ],
  });
}

const policy = {
  mode: 'enforce',
  mx: [{ wildcard: true, domain: name }],
  maxAgeSeconds: 604_800,
  lines: ['version: STSv1', 'mode: enforce', 'mx: *.example.test', 'max_age: 604800', 'note: ü'],
  warnings: ['one'],
} as const;

const entry: StsEntry = {
  domain: name,
  known: { id: 'a1', policy, fetchedAt: at, expiresAt: at + 1 },
  failures: { id: 'a2', type: 'sts-webpki-invalid', because: 'why', count: 2, since: at, retryAt: at + 2 },
  attemptedAt: at,
  refreshAt: null,
  usedAt: at,
  clock: at,
};

const octets = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const question = { name: nameOf(name), type: types.TXT } as const;
const status = fc.constantFrom('secure', 'insecure', 'bogus', 'indeterminate' as const);

const answer: fc.Arbitrary<Answer> = fc
  .tuple(status, text, fc.array(octets, { maxLength: 3 }), fc.constantFrom('found', 'absent', 'unknown'))
  .map(([proof, because, records, kind]): Answer => {
    const common = {
      question,
      status: proof,
      ttl: 300,
      signedSince: null,
      signedUntil: 1_800_000_000,
      owner: question.name,
      aliases: [{ from: question.name, to: question.name, by: 'CNAME', status: proof } as const],
      chain: [],
      because,
      errors: [{ code: 7, text: because }],
    };
    if (kind === 'found') return { kind, ...common, records };
    if (kind === 'absent') return { kind, ...common, what: 'no-such-record' };
    return { kind: 'unknown', ...common, unproven: records };
  });

/** What is different from a faultless one; Uint8Array in place of Buffer, which JSON gives back as the former. */
const observation: fc.Arbitrary<Observation> = fc
  .tuple(fc.array(octets, { minLength: 1, maxLength: 3 }), fc.array(text), text, fc.boolean())
  .map(([chain, transcript, because, isOpen]) => {
    const tls = { ...tlsSeen(), chain };
    const end: VisitEnd = isOpen
      ? { kind: 'complete' }
      : { kind: 'throttled', at: 'hello', answer: { code: 421, positive: false, text: because } };
    return observe({
      at,
      connections: 4,
      base: { tls, transcript, end },
      probes: {
        otherKey: isOpen
          ? { ...secured(), kind: 'seen', key: 'rsa', result: 'secured', tls }
          : { kind: 'not-tested', because, end },
        injection: { kind: 'seen', answered: 'never', transcript },
        legacy: { kind: 'seen', result: 'failed', because },
        upToTls12: { kind: 'seen', result: 'failed', because, by: { kind: isOpen ? 'closed' : 'own' } },
        noServerName: { kind: 'seen', result: 'failed', because, by: { kind: 'alert', alert: because } },
        hello: hellosOf(chain, because, isOpen ? undefined : end),
      },
    });
  });

/** Hellos of our own, answered in every way. */
function hellosOf(chain: readonly Uint8Array[], because: string, end: VisitEnd | undefined): HelloProbes {
  const [prime = new Uint8Array()] = chain;
  const session = {
    version: 0x0303,
    suite: 0xc02f,
    compression: 0,
    extendedMasterSecret: true,
    renegotiationInfo: false,
    couldSpeak: null,
    group: 29,
    prime,
    signatureScheme: 0x0403,
    chain,
  } as const;
  const agreed = { kind: 'seen', result: 'agreed', session } as const;
  const refused = { kind: 'seen', result: 'refused', alert: null } as const;
  return {
    weakFirst: end === undefined ? agreed : { kind: 'not-tested', because, end },
    old: { ...refused, alert: 70 },
    retry: { kind: 'seen', result: 'retry', group: null, suite: 0x1301 },
    ssl3: { kind: 'seen', result: 'broken', because },
    ssl2: { kind: 'seen', result: 'sslv2', cipherKinds: [0x010080], chain: [prime], cut: true },
    bestFirst: { kind: 'seen', result: 'agreed', session: { ...session, cut: true } },
    older: { kind: 'seen', result: 'not-offered' },
    weak: [
      { ...agreed, without: [] },
      { ...refused, without: ['rc4'] },
    ],
    fallback: { ...agreed, version: 0x0303 },
    large: { ...refused, octets: 2048 },
    suites: {
      connections: 20,
      versions: [{ version: 0x0303, suites: [0xc02f, 0x2f], ownOrder: null, unfinished: because }],
    },
  };
}

/** Any recording, with every kind of part. */
export const anyRecording: fc.Arbitrary<Recording> = fc
  .tuple(fc.array(answer, { maxLength: 4 }), fc.array(observation, { maxLength: 3 }), octets, text)
  .map(([answers, observations, body, because]) =>
    recordingOf({
      answers,
      observations,
      fetched: [
        {
          domain: name,
          outcome: {
            kind: 'answered',
            answer: {
              status: 200,
              contentType: 'text/plain',
              contentEncoding: undefined,
              location: undefined,
              body,
              address: '192.0.2.9',
              tls: { ...tlsSeen(), chain: [body] },
            },
            course: {
              ms: 3,
              failed: [{ address: '2001:db8::9', fault: 'tcp', noRoute: true, because }],
            },
          },
        },
        { domain: name, outcome: { kind: 'failed', fault: 'dns', because, tls: undefined } },
      ],
      recalled: [
        {
          domain: name,
          recalled: {
            sts: entry,
            overrides: [{ domain: name, level: 'may', until: null, reason: because, setAt: at }],
          },
        },
      ],
      withoutConsent: [{ host: 'mx1.example.test', because }],
      skipped: [
        { host: 'mx1.example.test', address: '10.0.0.1', port: 25, kind: 'private', because, retryAt: null },
      ],
    }),
  );

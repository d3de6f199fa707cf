import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { decideAll } from '../../../src/policies/combine.ts';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../../src/policies/destination.ts';
import type { StsFacts } from '../../../src/policies/mta-sts/facts.ts';
import type { TlsLevel } from '../../../src/policies/words.ts';
import type { Way } from '../../../src/relay/session.ts';
import { resultOfBarred, resultOfSession, type Seen } from '../../../src/relay/session-results.ts';
import type { FailureDetail, SessionResult } from '../../../src/reports/tls-rpt/session-result.ts';
import type { ChainPath, TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { byMx, DOMAIN, hostWith, nameOf, stsOf } from '../../support/destinations.ts';
import { noPolicy } from '../../support/facts.ts';

const MX = nameOf('mx1.example.test');
const NOW = Date.now();
let leaf: Uint8Array = Uint8Array.of();
/** The digest of the key of `leaf`. */
let spki: Uint8Array = Uint8Array.of();

before(async () => {
  const { certPem } = await (await createAuthority()).issue({ names: [MX] });
  const certificate = new X509Certificate(certPem);
  leaf = certificate.raw;
  spki = createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
});

type Tlsa = 'absent' | 'match' | 'mismatch' | 'unusable' | 'unknown';

interface Given {
  readonly tlsa?: Tlsa;
  readonly sts?: StsFacts;
  readonly level?: TlsLevel;
}

function tlsaFacts(kind: Tlsa): Parameters<typeof hostWith>[1] {
  if (kind !== 'match' && kind !== 'mismatch') return kind;
  const data = kind === 'match' ? spki : Buffer.alloc(32, 1);
  const set = readTlsaSet([Uint8Array.of(3, 1, 1, ...data)]);
  return { kind: 'found', base: MX, set, evidence: [] };
}

function destination({ tlsa = 'absent', sts = noPolicy(DOMAIN) }: Given): DestinationFacts {
  const hosts = [{ preference: 10, facts: hostWith(MX, tlsaFacts(tlsa)) }];
  return { domain: DOMAIN, way: byMx('secure', MX), hosts, sts, override: undefined };
}

function result(given: Given, seen: Seen, way: Partial<Way> = {}): SessionResult | undefined {
  const facts = destination(given);
  const verdict = decideAll(facts, { route: undefined, defaultLevel: given.level ?? 'may' });
  const [host] = verdict.hosts;
  assert.ok(host?.kind === 'use');
  const { serverName, decision } = host;
  const hop = { host: MX, serverName, address: '198.51.100.1', port: 25, decision, destination: facts };
  return resultOfSession({ hop, protocol: 'smtp', decision, ...way }, seen, NOW);
}

function secured(path: ChainPath = { kind: 'trusted' }): Seen {
  const facts: TlsFacts = {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: 'X25519',
    chain: [leaf],
    path,
    serverName: null,
    alpn: null,
  };
  return { kind: 'secured', facts, unacceptable: null, sendingAddress: '192.0.2.9' };
}

const stripped: Seen = {
  kind: 'failed',
  type: 'starttls-not-supported',
  reason: 'mx1.example.test does not offer STARTTLS',
  sendingAddress: '192.0.2.9',
};

const expired: ChainPath = { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' };

/** Each policy with how it ended and what it tells, as `sts failure certificate-expired`. */
function told(one: SessionResult | undefined): readonly string[] {
  return (one?.policies ?? []).map(({ policy, failures, final }) =>
    [policy.type, final, ...failures.map(({ type }) => type)].join(' '),
  );
}

function firstFailure(one: SessionResult | undefined): FailureDetail | undefined {
  return one?.policies.flatMap(({ failures }) => failures)[0];
}

describe('the result of a session', () => {
  it('without a policy: TLS is a success, whatever the certificate', () => {
    const { policies, domain } = result({}, secured(expired)) ?? assert.fail();
    assert.equal(domain, DOMAIN);
    assert.deepEqual(policies, [
      {
        policy: { type: 'no-policy-found', domain: DOMAIN, strings: [], mxHosts: [] },
        failures: [],
        final: 'success',
      },
    ]);
  });

  it('without a policy: no STARTTLS is a failure although the mail goes in clear', () => {
    const one = result({}, stripped);
    assert.deepEqual(told(one), ['no-policy-found failure starttls-not-supported']);
    assert.deepEqual(firstFailure(one), {
      type: 'starttls-not-supported',
      sendingAddress: '192.0.2.9',
      receivingHost: MX,
      receivingHello: null,
      receivingAddress: '198.51.100.1',
      additional: null,
      reason: 'mx1.example.test does not offer STARTTLS',
    });
  });

  it('without a policy: what our own operator does not accept is a failure', () => {
    const unacceptable = { type: 'certificate-expired', reason: 'over' } as const;
    const one = result({ level: 'authenticate' }, { ...secured(expired), unacceptable } as Seen);
    assert.deepEqual(told(one), ['no-policy-found failure certificate-expired']);
  });

  it('MTA-STS: the policy as it was fetched, with its patterns', () => {
    const one = result({ sts: stsOf('enforce', '*.example.test') }, secured());
    assert.deepEqual(one?.policies[0]?.policy, {
      type: 'sts',
      domain: DOMAIN,
      strings: ['version: STSv1', 'mode: enforce', 'mx: *.example.test', 'max_age: 86400'],
      mxHosts: ['*.example.test'],
    });
    assert.deepEqual(told(one), ['sts success']);
  });

  it('MTA-STS in testing: held against the policy, and a failure is told although the mail goes', () => {
    const sts = stsOf('testing', MX);
    assert.deepEqual(told(result({ sts }, secured(expired))), ['sts failure certificate-expired']);
    assert.deepEqual(told(result({ sts }, stripped)), ['sts failure starttls-not-supported']);
    assert.deepEqual(told(result({ sts }, secured())), ['sts success']);
  });

  it('MTA-STS in testing: a host that is not listed is a failure of the general kind', () => {
    const one = result({ sts: stsOf('testing', 'other.example.test') }, secured());
    assert.deepEqual(told(one), ['sts failure validation-failure']);
    assert.equal(firstFailure(one)?.reason, `the policy does not list ${MX}`);
  });

  it('DANE: the base domain is the policy domain, the records are told in full', () => {
    const one = result({ tlsa: 'match' }, secured(expired));
    assert.deepEqual(one?.policies[0]?.policy, {
      type: 'tlsa',
      domain: MX,
      strings: [`3 1 1 ${Buffer.from(spki).toString('hex')}`],
      mxHosts: [],
    });
    assert.deepEqual(told(one), ['tlsa success']);
    assert.match(told(result({ tlsa: 'mismatch' }, secured())).join(), /^tlsa failure /);
  });

  it('DANE with records that authenticate nobody: tlsa-invalid, whatever the certificate', () => {
    assert.deepEqual(told(result({ tlsa: 'unusable' }, secured())), ['tlsa failure tlsa-invalid']);
    assert.deepEqual(told(result({ tlsa: 'unusable' }, stripped)), ['tlsa failure starttls-not-supported']);
  });

  it('RFC 8460 §4.5: also records that authenticate nobody are told in full, "with no internal spaces"', () => {
    const whole = Buffer.alloc(900, 0xab);
    const set = readTlsaSet([Uint8Array.of(0, 0, 0, ...whole), Uint8Array.of(3, 1)]);
    const found = destination({});
    const facts = hostWith(MX, { kind: 'found', base: MX, set, evidence: [] });
    const destinationFacts = { ...found, hosts: [{ preference: 10, facts }] };
    const [host] = decideAll(destinationFacts, { route: undefined, defaultLevel: 'may' }).hosts;
    assert.ok(host?.kind === 'use');
    const { serverName, decision } = host;
    const hop = {
      host: MX,
      serverName,
      address: '198.51.100.1',
      port: 25,
      decision,
      destination: destinationFacts,
    };
    const one = resultOfSession({ hop, protocol: 'smtp', decision }, secured(), NOW);
    assert.deepEqual(one?.policies[0]?.policy.strings, [`0 0 0 ${whole.toString('hex')}`]);
  });

  it('DANE and MTA-STS: one session, told under both, each by its own rule', () => {
    const sts = stsOf('enforce', MX);
    assert.deepEqual(told(result({ tlsa: 'match', sts }, secured())), ['tlsa success', 'sts success']);
    assert.deepEqual(told(result({ tlsa: 'match', sts }, secured(expired))), [
      'tlsa success',
      'sts failure certificate-expired',
    ]);
    assert.deepEqual(told(result({ tlsa: 'mismatch', sts }, secured())).slice(1), ['sts success']);
  });

  it('a policy that cannot be fetched is a failure of its kind, beside the one in force where there is one', () => {
    const report = {
      type: 'sts-webpki-invalid',
      because: 'the policy host proves nothing',
      fallback: false,
    } as const;
    const without = result({ sts: { ...noPolicy(DOMAIN), report } }, secured());
    assert.deepEqual(told(without), ['sts failure sts-webpki-invalid']);
    const sts = { ...stsOf('enforce', MX), report: { ...report, fallback: true } };
    assert.deepEqual(told(result({ sts }, secured())), ['sts success sts-webpki-invalid']);
    assert.deepEqual(told(result({ sts }, stripped)), [
      'sts failure sts-webpki-invalid starttls-not-supported',
    ]);
  });

  it('is told of nobody where an operator wants no TLS, the message sets policies aside, or it is LMTP', () => {
    assert.equal(result({ level: 'off' }, stripped), undefined);
    assert.equal(result({}, secured(), { protocol: 'lmtp' }), undefined);
    const lifted = { requires: 'none', tryTls: 'yes', by: 'message', match: [], dane: null } as const;
    const decision = { ...lifted, provesName: false, because: 'TLS-Required: No' };
    assert.equal(result({ sts: stsOf('enforce', MX) }, stripped, { decision }), undefined);
  });

  it('is told of nobody where the host was named by its address', () => {
    const decision = { requires: 'none', tryTls: 'yes', by: 'default', match: [], dane: null } as const;
    const whole = { ...decision, provesName: false, because: '' };
    const hop = { host: '192.0.2.1', serverName: null, address: '192.0.2.1', port: 25, decision: whole };
    assert.equal(resultOfSession({ hop, protocol: 'smtp', decision: whole }, secured(), NOW), undefined);
  });
});

describe('an attempt that finds no host', () => {
  it('is a failure of MTA-STS where the policy lists none of them', () => {
    const one = resultOfBarred(destination({ sts: stsOf('enforce', 'other.example.test') }));
    assert.deepEqual(told(one), ['sts failure validation-failure']);
    assert.equal(firstFailure(one)?.receivingHost, MX);
  });

  it('is dnssec-invalid where TLSA records cannot be learnt', () => {
    const one = resultOfBarred(destination({ tlsa: 'unknown' }));
    assert.deepEqual(told(one), ['tlsa failure dnssec-invalid']);
    assert.equal(one?.policies[0]?.policy.domain, MX);
  });

  it('is told of nobody where no policy is in the way', () => {
    assert.equal(resultOfBarred(destination({})), undefined);
    assert.equal(resultOfBarred(destination({ sts: stsOf('testing', 'other.example.test') })), undefined);
    assert.equal(resultOfBarred({ ...destination({}), hosts: [] }), undefined);
  });
});

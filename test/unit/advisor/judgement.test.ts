import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type Handshake,
  handshakeKey,
  handshakeSchema,
  judgementOf,
} from '../../../src/advisor/judgement.ts';
import type { TlsaFacts } from '../../../src/policies/dane/hosts.ts';
import { readTlsaSet } from '../../../src/policies/dane/tlsa.ts';
import { mayRules } from '../../support/advisor.ts';
import { createAuthority } from '../../support/certificates.ts';
import { byMx, factsOf, hostWith, nameOf, stsOf, type Told } from '../../support/destinations.ts';

const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';
const authority = await createAuthority();
const certificate = new X509Certificate((await authority.issue({ names: [mx1] })).certPem);
const leaf = certificate.raw.toString('base64');
const root = new X509Certificate(authority.certPem).raw.toString('base64');
const spki = createHash('sha256')
  .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex');
const NOW = Date.now();

/** TLSA records for the certificate: its own key, or that of its authority. */
function recordsOf(usage: 2 | 3): TlsaFacts {
  const of = usage === 3 ? leaf : root;
  const digest = createHash('sha256').update(Buffer.from(of, 'base64')).digest();
  const set = readTlsaSet([Buffer.concat([Buffer.of(usage, 0, 1), digest])]);
  return { kind: 'found', base: nameOf(mx1), set, evidence: [] };
}

function judged(told: Told, change: Partial<Handshake> = {}): string {
  const handshake = {
    domain: nameOf('example.test'),
    host: nameOf(mx1),
    chain: [leaf],
    path: null,
    ...change,
  };
  const { meets, reached, proof, because } = judgementOf(handshake, factsOf(told), mayRules, NOW);
  assert.notEqual(because, '');
  return `${meets ? 'meets' : 'no'} ${reached} ${proof}`;
}

const insecure = byMx('insecure', mx1);
const UNTRUSTED = { path: 'SELF_SIGNED_CERT_IN_CHAIN' };

describe('a handshake of somebody else', () => {
  const cases: readonly (readonly [what: string, told: Told, change: Partial<Handshake>, verdict: string])[] =
    [
      [
        'RFC 7672 §3.1.1: a match needs no authority',
        { hosts: [hostWith(mx1, recordsOf(3))] },
        UNTRUSTED,
        'meets authenticate tlsa',
      ],
      [
        'the authority of the domain itself, which was presented',
        { hosts: [hostWith(mx1, recordsOf(2))] },
        { ...UNTRUSTED, chain: [leaf, root] },
        'meets authenticate tlsa',
      ],
      ['and was not', { hosts: [hostWith(mx1, recordsOf(2))] }, UNTRUSTED, 'no encrypt null'],
      ['records that do not match', { hosts: [hostWith(mx1, 'usable')] }, {}, 'no encrypt null'],
      [
        'half-DANE: a match is what is asked for, and no proof',
        { way: insecure, hosts: [hostWith(mx1, recordsOf(3))] },
        UNTRUSTED,
        'meets encrypt null',
      ],
      [
        'MTA-STS: an authority and the name',
        { way: insecure, sts: stsOf('enforce', mx1) },
        {},
        'meets authenticate name',
      ],
      ['no authority', { way: insecure, sts: stsOf('enforce', mx1) }, UNTRUSTED, 'no encrypt null'],
      ['no certificate', { way: insecure, sts: stsOf('enforce', mx1) }, { chain: [] }, 'no encrypt null'],
      [
        'another name',
        { way: byMx('insecure', mx2), hosts: [hostWith(mx2, 'absent')], sts: stsOf('enforce', mx2) },
        { host: nameOf(mx2) },
        'no encrypt null',
      ],
      [
        'a host that the policy does not list',
        { way: insecure, sts: stsOf('enforce', mx2) },
        {},
        'no encrypt null',
      ],
      ['one that is no mail host of the domain', {}, { host: nameOf(mx2) }, 'no encrypt null'],
      ['nobody asks for anything', { way: insecure }, UNTRUSTED, 'meets encrypt null'],
    ];
  for (const [what, told, change, verdict] of cases)
    it(what, () => assert.equal(judged(told, change), verdict));

  it('its key is told', () => {
    const handshake = { domain: nameOf('example.test'), host: nameOf(mx1), chain: [leaf], path: null };
    assert.equal(judgementOf(handshake, factsOf(), mayRules, NOW).spki, spki);
    assert.equal(judgementOf({ ...handshake, chain: ['AAAA'] }, factsOf(), mayRules, NOW).spki, null);
  });

  it('two have the same key where they show the same', () => {
    const one = { domain: nameOf('example.test'), host: nameOf(mx1), chain: [leaf], path: null };
    assert.equal(handshakeKey(one), handshakeKey({ ...one }));
    const others = [
      { ...one, domain: nameOf('other.test') },
      { ...one, host: nameOf(mx2) },
      { ...one, path: 'CERT_HAS_EXPIRED' },
      { ...one, chain: [leaf, root] },
      { ...one, chain: [root] },
    ];
    assert.equal(new Set([one, ...others].map(handshakeKey)).size, 6);
  });

  it('is read exactly', () => {
    const one = { domain: 'Example.TEST', host: mx1, chain: [leaf], path: null };
    assert.equal(handshakeSchema.parse(one).domain, 'example.test');
    const wrong = [
      { ...one, domain: 'a..b' },
      { ...one, host: null },
      { ...one, chain: ['not base64!'] },
      { ...one, chain: Array.from({ length: 17 }, () => leaf) },
      { ...one, chain: leaf },
      { ...one, path: 'trusted' },
      { ...one, path: '' },
      { ...one, more: 1 },
    ];
    for (const [index, other] of wrong.entries())
      assert.equal(handshakeSchema.safeParse(other).success, false, String(index));
  });
});

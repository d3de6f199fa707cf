/** At doors where no mail servers come nothing is said of mail, of its policies, and of the RFCs about it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CheckId, catalogue, checkIds, entryOf } from '../../../src/findings/catalogue.ts';
import { wordsAt } from '../../../src/findings/elsewhere.ts';
import type { Finding } from '../../../src/findings/finding.ts';
import { foundAt, placesOf } from '../../../src/findings/place.ts';
import { starttlsFindings } from '../../../src/findings/rules/starttls.ts';
import { effectAt } from '../../../src/findings/scrutiny.ts';
import { hostTarget, observe, only } from '../../support/observations.ts';

/** What only senders of mail have: the catalogue's own words where a rule says something more exact are left out. */
const OF_MAIL = /\bmail\b|\bsenders?\b|MTA-STS|\bDANE\b|\bdeliver\b/i;

const isId = (id: string): id is CheckId => id in catalogue;
const ofDoors = checkIds.filter(isId).filter((id) => /^(?:cert|tls|starttls)\./.test(id));

/** Rules say these themselves, by who looks at the certificate or by what the door is for; or they are of SMTP alone. */
const saidByRules = new Set<string>([
  'cert.unparsable',
  'cert.expired',
  'cert.not-yet-valid',
  'cert.chain.expired',
  'cert.self-signed',
  'cert.untrusted',
  'cert.chain.incomplete',
  'cert.name-mismatch',
  'cert.cn-only',
  'starttls.not-offered',
  'starttls.inconsistent-ehlo',
]);

describe('words for doors where no mail servers come', () => {
  for (const id of ofDoors) {
    if (saidByRules.has(id)) continue;
    it(`${id}: nothing of mail in why, order and reference`, () => {
      const { said, order } = wordsAt(id, 'ldap');
      assert.doesNotMatch(said.why ?? entryOf(id).why, OF_MAIL);
      for (const { do: text } of order(entryOf(id).fix)) assert.doesNotMatch(text, OF_MAIL);
      assert.doesNotMatch(said.reference ?? '', /RFC (?:3207|5321|7672|8460|8461)\b/);
      assert.ok((said.reference ?? '').length > 0);
    });
  }

  it('mail servers read the words of the catalogue', () => {
    const { said, order } = wordsAt('starttls.refused', 'smtp');
    assert.deepEqual(said, {});
    assert.equal(order(entryOf('starttls.refused').fix), entryOf('starttls.refused').fix);
  });

  it('where a reference was about mail only, it is what says how TLS begins there', () => {
    assert.equal(wordsAt('starttls.refused', 'ldap').said.reference, 'RFC 4511 §4.14');
    assert.equal(wordsAt('starttls.handshake-failed', 'imap').said.reference, 'RFC 8446 §4.1.1');
    assert.equal(wordsAt('tls.suite.rsa-kx', 'imap').said.reference, 'RFC 9325 §4.1, §4.2');
  });

  it('a finding has them, with the name of the host in its lines', () => {
    const [place] = placesOf(hostTarget([observe({ endpoint: { protocol: 'postgres' } })]));
    assert.ok(place !== undefined);
    const found = foundAt(place, 'cert.self-signed', 'fail', { evidence: ['x'] });
    assert.match(found.fix[0]?.do ?? '', /all clients know/);
    assert.match(JSON.stringify(found.fix), /mx1\.example\.test/);
    assert.doesNotMatch(effectAt(place), OF_MAIL);
  });
});

describe('TLS from the first octet where it does not come about', () => {
  const failed = { kind: 'handshake-failed', because: 'it speaks plaintext', alert: null, ms: 5 } as const;
  const seen = (tls: 'implicit' | 'starttls', alert: string | null = null): Finding | undefined =>
    only(
      starttlsFindings(
        hostTarget([
          observe({
            endpoint: { protocol: 'imap', tls },
            base: { upgrade: { ...failed, alert }, tls: null, inside: null },
          }),
        ]),
      ),
      'starttls.handshake-failed',
    )[0];

  it('it is said first that the server may speak plain text there, and how to check it then', () => {
    const [first] = seen('implicit')?.fix ?? [];
    assert.match(first?.do ?? '', /without --tls implicit/);
    assert.equal(first?.verify, 'waxwing check mx1.example.test:993 --protocol imap');
  });

  it('not behind STARTTLS, and not where an alert shows that it speaks TLS', () => {
    for (const one of [seen('starttls'), seen('implicit', 'handshake failure')])
      assert.doesNotMatch(one?.fix[0]?.do ?? '', /--tls implicit/);
  });
});

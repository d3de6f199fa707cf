import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import { aDay, authority, certify, party } from '../../../support/chains.ts';
import {
  chainFor,
  hostTarget,
  issuerOf,
  now,
  observe,
  only,
  statesOf,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';
import { asVerified, found, leaf, seenWith, severities, under, untrusted } from './certificates.ts';

describe('RFC 5280 §4.1.2.5: dates, as whoever looks at them is hit', () => {
  const over = leaf({ notAfter: now - aDay });

  it('expired', () => {
    const path = untrusted('CERT_HAS_EXPIRED');
    assert.deepEqual(severities('cert.expired', { chain: over, path }), asVerified('low'));
    // Nothing is known of the path then, and nothing is said of it.
    assert.equal(statesOf(found(over, path), 'cert.untrusted'), '');
    assert.equal(statesOf(found(over, path), 'cert.expiring'), '');
    const imap = hostTarget([
      observe({ endpoint: { protocol: 'imap' }, base: { tls: tlsSeen({ chain: over, path }) } }),
    ]);
    assert.equal(only(certFindings(imap), 'cert.expired')[0]?.severity, 'critical');
  });

  it('the command that shows the dates goes to the door at which they were seen, in its protocol', () => {
    const tls = tlsSeen({ chain: over, path: untrusted('CERT_HAS_EXPIRED') });
    for (const [endpoint, words] of [
      [{ protocol: 'smtp' }, '-starttls smtp -connect mx1.example.test:25 -servername mx1.example.test'],
      [{ protocol: 'submission', port: 587 }, '-starttls smtp -connect mx1.example.test:587 -servername'],
      [{ protocol: 'imap', port: 1143 }, '-starttls imap -connect mx1.example.test:1143 -servername'],
      [
        { protocol: 'imap', tls: 'implicit', port: 993 },
        's_client -connect mx1.example.test:993 -servername',
      ],
      [{ protocol: 'postgres', tls: 'implicit', port: 5432, serverName: null }, ':5432 -alpn postgresql <'],
    ] as const) {
      const findings = certFindings(hostTarget([observe({ endpoint, base: { tls } })]));
      const verify = only(findings, 'cert.expired')[0]?.fix[0]?.verify ?? '';
      assert.ok(verify.includes(words), verify);
    }
  });

  it('DANE beside an enforced MTA-STS policy: who knows only the latter looks at the dates', () => {
    const tls = { chain: over, path: untrusted('CERT_HAS_EXPIRED') };
    const both = underPolicy('dane-ee', [seenWith(tls)]);
    const sts = underPolicy('sts-enforce').facts?.sts;
    assert.ok(both.facts !== null && sts !== undefined);
    const findings = certFindings({ ...both, facts: { ...both.facts, sts } });
    assert.equal(only(findings, 'cert.expired')[0]?.severity, 'critical');
  });

  it('it is valid through its last second, and not a millisecond longer', () => {
    const chain = leaf({ notAfter: now });
    assert.equal(statesOf(under('none', { chain }, { now: now + 999 }), 'cert.expired'), 'pass');
    assert.equal(statesOf(under('none', { chain }, { now: now + 1000 }), 'cert.expired'), 'fail');
  });

  it('not yet valid', () => {
    const chain = leaf({ notBefore: now + aDay, notAfter: now + 91 * aDay });
    assert.deepEqual(
      severities('cert.not-yet-valid', { chain, path: untrusted('CERT_NOT_YET_VALID') }),
      asVerified('low'),
    );
  });

  it('--fail-at: dates are those of the moment that is judged, whatever the path was at the visit', () => {
    const later = under('sts-enforce', {}, { now: now + 61 * aDay });
    assert.equal(statesOf(later, 'cert.expired'), 'fail');
    assert.equal(statesOf(under('sts-enforce', {}, { now: now + 59 * aDay }), 'cert.expired'), 'pass');
  });

  it('an authority that is over later breaks the path; one that was over at the visit was not needed', () => {
    const later = under(
      'sts-enforce',
      { chain: [...leaf({ notAfter: now + 4000 * aDay }).slice(0, 1), issuerOf()] },
      { now: now + 3651 * aDay },
    );
    assert.equal(statesOf(later, 'cert.chain.expired'), 'fail');
    const old = certify(party('Issuing Authority'), party('Old Root'), {
      notAfter: now - aDay,
      extensions: authority,
    });
    assert.equal(statesOf(found([...chainFor(), old]), 'cert.chain.expired'), 'pass');
  });
});

describe('how long yet: renewal is told from neglect', () => {
  /** Under MTA-STS in enforce, days of a lifetime left: state and severity. */
  const left = (days: number, lifetime: number): string => {
    const chain = leaf({ notBefore: now + (days - lifetime) * aDay, notAfter: now + days * aDay - 1000 });
    const [finding] = only(under('sts-enforce', { chain }), 'cert.expiring');
    return finding?.state === 'warn' ? finding.severity : (finding?.state ?? 'none');
  };

  for (const [lifetime, expected] of [
    // ACME renews at 30 of 90 days, at 15 of 45, and at 2 of 6.
    [90, { 31: 'pass', 29: 'info', 23: 'info', 22: 'low', 10: 'low', 8: 'high', 1: 'high' }],
    [45, { 16: 'pass', 14: 'info', 12: 'info', 11: 'low', 5: 'low', 4: 'high' }],
    [6, { 2.5: 'pass', 1.9: 'info', 1.4: 'low', 0.5: 'high' }],
    [
      365,
      { 31: 'pass', 29: 'low', 15: 'low', 13: 'medium', 8: 'medium', 6: 'high', 4: 'high', 2: 'critical' },
    ],
  ] as const) {
    it(`of ${lifetime} days`, () => {
      for (const [days, severity] of Object.entries(expected))
        assert.equal(left(Number(days), lifetime), severity, `${days} days left`);
    });
  }

  it('it is never worse than that it is over', () => {
    const chain = leaf({ notBefore: now - 89 * aDay, notAfter: now + aDay });
    assert.deepEqual(severities('cert.expiring', { chain }), {
      ...asVerified('low'),
      'sts-enforce': 'high',
      'dane-ta': 'high',
    });
  });
});

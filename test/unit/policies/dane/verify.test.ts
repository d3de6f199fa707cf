import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DaneNames, referencesOf } from '../../../../src/policies/dane/verify.ts';
import * as make from '../../../support/chains.ts';
import { dns, ip } from '../../tls/forge.ts';
import { because, intermediate, leaf, middle, mx, names, root, stranger, top, verify } from './presented.ts';
import { domain, tlsa, tlsaFor } from './records.ts';

const { authority, certify, now, party, server } = make;

describe("D16, RFC 7672 §3.1.1: usage 3 looks at the server's certificate and at nothing else", () => {
  const odd: readonly [why: string, spec: make.CertificateSpec][] = [
    ['"even if none of the names in the certificate match"', { extensions: server('other.test') }],
    ['no name at all', { subject: make.distinguishedName() }],
    ['"The expiration date of the server certificate MUST be ignored"', { notAfter: now - 1000 * make.aDay }],
    ['not valid yet', { notBefore: now + make.aDay }],
    ['an authority nobody knows, by a weak signature', { signing: 'sha1' }],
    ['for clients only', { extensions: [make.extendedKeyUsage(2)] }],
    ['a key usage that is not for TLS', { extensions: [make.keyUsage(0x04)] }],
    ['an unknown critical extension', { extensions: [make.unknownExtension(true)] }],
    ['an extension twice', { extensions: [make.keyUsage(1), make.keyUsage(1)] }],
    ['a signature by somebody else', { signedBy: party('Mallory') }],
    ['version 1', { version: 1 }],
  ];
  for (const [why, spec] of odd) {
    it(why, () => {
      const certificate = certify(mx, middle, spec);
      for (const selector of [0, 1]) {
        const verdict = verify([certificate], [tlsaFor(3, selector, 1, certificate)]);
        assert.equal(verdict.kind, 'match');
        assert.equal(verdict.kind === 'match' && verdict.peerName, null);
      }
    });
  }

  it("and at no certificate but the server's own", () => {
    assert.equal(verify([leaf, intermediate, top], [tlsaFor(3, 1, 1, intermediate)]).kind, 'no-match');
  });

  it('an extension that nobody can read does not hide the key', () => {
    const broken = certify(mx, middle, { extensions: [Buffer.from('30020400', 'hex')] });
    assert.equal(verify([broken], [tlsaFor(3, 1, 1, leaf)]).kind, 'match');
  });

  it('says what was presented and which record it would have matched', () => {
    const verdict = verify([leaf, intermediate], [tlsaFor(3, 1, 1, stranger)]);
    const would = tlsaFor(3, 1, 1, leaf).subarray(3).toString('hex');
    assert.match(
      because(verdict),
      new RegExp(`matches none of its TLSA records, 3 1 1 [0-9a-f]{64}; it would match 3 1 1 ${would}$`),
    );
    if (verdict.kind !== 'no-match') return;
    assert.equal(verdict.reason, 'certificate-not-trusted');
    assert.deepEqual(
      verdict.presented.map(({ subject }) => subject),
      ['CN=mx.example.test', 'CN=Middle'],
    );
    assert.equal(verdict.presented[0]?.spkiSha256, would);
    assert.equal(verdict.presented[0]?.sha256, tlsaFor(3, 0, 1, leaf).subarray(3).toString('hex'));
  });
});

describe('D17, RFC 7672 §3.1.2: usage 2 is a certification path with dates', () => {
  const anchored = [tlsaFor(2, 0, 1, top)];
  const bad: readonly [why: string, chain: readonly Uint8Array[], because: RegExp, reason: string][] = [
    [
      'a server that has expired',
      [certify(mx, root, { extensions: server('mx.example.test'), notAfter: now - 1000 }), top],
      /CN=mx\.example\.test expired/,
      'certificate-expired',
    ],
    [
      'an intermediate that has expired',
      [leaf, certify(middle, root, { extensions: authority, notAfter: now - 1000 }), top],
      /CN=Middle expired/,
      'certificate-expired',
    ],
    [
      'a server not valid yet',
      [certify(mx, root, { notBefore: now + make.aDay }), top],
      /not valid before/,
      'certificate-not-trusted',
    ],
    [
      'a link signed by somebody else',
      [certify(mx, middle, { signedBy: party('Mallory') }), intermediate, top],
      /not signed by the key of its issuer/,
      'certificate-not-trusted',
    ],
    [
      'an intermediate that is no authority',
      [leaf, certify(middle, root, { extensions: server('a.test') }), top],
      /may not vouch for others/,
      'certificate-not-trusted',
    ],
    ['a missing link', [leaf, top], /do not lead to the trust anchor/, 'certificate-not-trusted'],
    [
      'a server for clients only',
      [certify(mx, root, { extensions: [make.extendedKeyUsage(2)] }), top],
      /not for servers/,
      'certificate-not-trusted',
    ],
    [
      'SHA-1',
      [certify(mx, root, { signing: 'sha1' }), top],
      /weak or unknown signature/,
      'certificate-not-trusted',
    ],
  ];
  for (const [why, chain, wanted, reason] of bad) {
    it(`no match: ${why}`, () => {
      const verdict = verify(chain, anchored);
      assert.match(because(verdict), wanted);
      assert.match(
        because(verdict),
        /^no path leads from the server's certificate to the trust anchor of its TLSA records, 2 0 1 /,
      );
      assert.equal(verdict.kind === 'no-match' && verdict.reason, reason);
    });
  }

  it("the anchor's own constraints count (RFC 7671 §5.2.1)", () => {
    const narrow = certify(root, root, {
      extensions: [...authority, make.nameConstraints([dns('example.org')])],
    });
    assert.match(
      because(verify([leaf, intermediate, narrow], [tlsaFor(2, 0, 1, narrow)])),
      /outside those that its authority may name/,
    );
    const short = certify(root, root, { extensions: [make.basicConstraints(true, 0), make.keyUsage(0x04)] });
    assert.match(
      because(verify([leaf, intermediate, short], [tlsaFor(2, 1, 1, short)])),
      /allows fewer authorities/,
    );
  });

  it('RFC 7671 §5.2.2: with a digest the server "MUST ... include the trust anchor certificate", and is told so', () => {
    const verdict = verify([leaf, intermediate], anchored);
    assert.match(
      because(verdict),
      /^the server did not send the certificate of the trust anchor in its TLSA records, 2 0 1 \w+: with usage 2 it has to/,
    );
  });

  it('"2 0 0" holds the anchor: "the only type ... for which the client MUST be able to verify" without it in the chain', () => {
    assert.equal(verify([leaf, intermediate], [tlsaFor(2, 0, 0, top)]).kind, 'match');
    assert.equal(verify([leaf], [tlsaFor(2, 0, 0, top)]).kind, 'no-match', 'but not the rest of the chain');
  });

  it('"2 1 0": "the topmost certificate in the chain is signed by the provided public key and has not expired"', () => {
    const bare = [tlsaFor(2, 1, 0, top)];
    assert.equal(verify([leaf, intermediate], bare).kind, 'match');
    assert.equal(verify([leaf, intermediate], bare, undefined, now + 2 * make.aDay).kind, 'no-match');
    assert.equal(verify([leaf, intermediate], [tlsaFor(2, 1, 0, stranger)]).kind, 'no-match');
    assert.equal(
      verify([leaf, intermediate], bare, names('other.test')).kind,
      'no-match',
      '"including leaf certificate name checks"',
    );
  });

  it('"2 1 0": a certificate with that key that was presented is the anchor, with all that it says', () => {
    const narrow = certify(root, root, {
      extensions: [...authority, make.nameConstraints([dns('example.org')])],
    });
    assert.equal(verify([leaf, intermediate, narrow], [tlsaFor(2, 1, 0, narrow)]).kind, 'no-match');
  });

  it('a self-signed certificate of the server is no authority above it: usage 3 is told', () => {
    const ca = certify(mx, mx, {
      extensions: [make.basicConstraints(true), make.hostNames('mx.example.test')],
    });
    for (const [chain, matching] of [
      [[ca], 1],
      [[ca, ca], 2],
      [[ca], 0],
    ] as const)
      assert.match(
        because(verify(chain, [tlsaFor(2, 0, matching, ca)])),
        /is of usage 2, for an authority, and matches the server's own certificate: it would have to be of usage 3/,
      );
  });
});

describe('D17, RFC 7672 §3.2.2 and §3.2.3: usage 2 checks names', () => {
  const issue = (...extensions: readonly Buffer[]): readonly Uint8Array[] => [
    certify(mx, root, { extensions }),
    top,
  ];
  const anchored = [tlsaFor(2, 0, 1, top)];
  const proved = (chain: readonly Uint8Array[], wanted: DaneNames): string | null => {
    const verdict = verify(chain, anchored, wanted);
    return verdict.kind === 'match' ? verdict.peerName : null;
  };
  const secure: DaneNames = {
    base: domain('mxbackup.example.net'),
    mx: domain('mx20.example.com'),
    nextHop: [domain('exchange.example.org'), domain('example.com')],
  };

  it('"MUST employ the TLSA base domain as the primary reference identifier"', () => {
    assert.deepEqual(referencesOf(secure), [
      'mxbackup.example.net',
      'mx20.example.com',
      'exchange.example.org',
      'example.com',
    ]);
    assert.deepEqual(
      referencesOf(names('mx.example.test', 'mx.example.test')),
      ['mx.example.test'],
      'each once',
    );
  });

  for (const name of ['mxbackup.example.net', 'mx20.example.com', 'exchange.example.org', 'example.com'])
    it(`${name} of the RFC's example is accepted`, () =>
      assert.equal(proved(issue(make.hostNames(name)), secure), name));

  for (const name of ['mail.example.org', 'other.example.com', 'com', 'example.net'])
    it(`${name} is not`, () => assert.equal(proved(issue(make.hostNames(name)), secure), null));

  it('"despite insecure MX redirection the MX hostname is the only reference identifier"', () => {
    const insecure = { ...secure, nextHop: [] };
    assert.equal(proved(issue(make.hostNames('mx20.example.com')), insecure), 'mx20.example.com');
    assert.equal(
      proved(issue(make.hostNames('mxbackup.example.net')), insecure),
      'mxbackup.example.net',
      'its expanded name',
    );
    assert.equal(proved(issue(make.hostNames('example.com')), insecure), null);
  });

  it('"The CN-ID is only considered when no DNS-IDs are present"', () => {
    const wanted = names('mx.example.test');
    assert.equal(proved(issue(), wanted), 'mx.example.test');
    assert.equal(proved(issue(make.hostNames('other.test')), wanted), null);
  });

  it('"The wildcard character must be the entire first label", and stands for one', () => {
    const wanted = names('mx1.example.com');
    assert.equal(proved(issue(make.hostNames('*.example.com')), wanted), '*.example.com');
    assert.equal(proved(issue(make.hostNames('mx*.example.com')), wanted), null);
    assert.equal(proved(issue(make.hostNames('*.example.com')), names('a.mx1.example.com')), null);
  });

  it('an address proves no name', () => {
    assert.equal(proved(issue(make.alternatives(ip(192, 0, 2, 1))), names('other.test')), null);
  });

  it('a mismatch says what the certificate names, and what was wanted', () => {
    const verdict = verify(
      issue(make.hostNames('a.test', 'b.test')),
      anchored,
      names('mx.test', 'example.test'),
    );
    assert.match(
      because(verdict),
      /vouches for the server's certificate, but that names a\.test, b\.test, and not mx\.test or example\.test$/,
    );
    assert.equal(verdict.kind === 'no-match' && verdict.reason, 'certificate-host-mismatch');
  });
});

describe('D18: any one match is enough', () => {
  const wrong3 = tlsaFor(3, 1, 1, stranger);
  const wrong2 = tlsaFor(2, 0, 1, stranger);
  const right2 = tlsaFor(2, 0, 1, top);
  const right3 = tlsaFor(3, 0, 1, leaf);
  const chain = [leaf, intermediate, top];

  it('whichever usage, in whichever order', () => {
    for (const set of [
      [wrong3, right2],
      [wrong2, right3],
      [right3, wrong3, wrong2],
      [wrong2, wrong3, right2],
    ])
      assert.equal(verify(chain, set).kind, 'match');
    assert.equal(verify(chain, [wrong2, wrong3]).kind, 'no-match');
  });

  it('usage 3 needs no name where usage 2 fails for want of one', () => {
    assert.equal(verify(chain, [right2, right3], names('other.test')).kind, 'match');
    assert.equal(verify(chain, [right2, wrong3], names('other.test')).kind, 'no-match');
  });

  it('names the record that matched', () => {
    const verdict = verify(chain, [wrong3, wrong2, right2]);
    assert.deepEqual(
      verdict.kind === 'match' && { ...verdict.record, data: Buffer.from(verdict.record.data) },
      {
        usage: 2,
        selector: 0,
        matchingType: 1,
        data: right2.subarray(3),
      },
    );
    assert.match(
      verdict.because,
      /is valid for mx\.example\.test and vouched for by the trust anchor of the TLSA record 2 0 1 /,
    );
  });

  it('tells of both usages where none matches', () => {
    assert.match(
      because(verify(chain, [wrong3, wrong2])),
      /matches none of its TLSA records, 3 1 1 .*; and the server did not send the certificate/,
    );
  });
});

describe('D19: a weaker digest beside a stronger one proves nothing (RFC 7671 §9)', () => {
  it('"it SHOULD NOT accept keys that match only the weaker 3 1 1 record"', () => {
    const weaker = tlsaFor(3, 1, 1, leaf);
    assert.equal(verify([leaf], [weaker]).kind, 'match');
    assert.equal(verify([leaf], [weaker, tlsaFor(3, 1, 2, stranger)]).kind, 'no-match');
    assert.equal(verify([leaf], [weaker, tlsaFor(3, 1, 2, stranger), tlsaFor(3, 1, 0, leaf)]).kind, 'match');
    assert.equal(
      verify([leaf], [weaker, tlsa(3, 1, 2, Buffer.alloc(63))]).kind,
      'match',
      'a malformed one does not count',
    );
  });

  it('the same for usage 2', () => {
    const chain = [leaf, intermediate, top];
    assert.equal(verify(chain, [tlsaFor(2, 0, 1, top), tlsaFor(2, 0, 2, stranger)]).kind, 'no-match');
  });
});

describe('D20: nothing that was presented', () => {
  it('no certificate is no match', () => {
    const verdict = verify([], [tlsaFor(3, 1, 1, leaf)]);
    assert.deepEqual(verdict, {
      kind: 'no-match',
      reason: 'validation-failure',
      because: 'the server presented no certificate',
      presented: [],
    });
  });

  it('without usable records nothing matches', () => {
    assert.match(
      because(verify([leaf], [tlsa(1, 1, 1, Buffer.alloc(32))])),
      /none of its TLSA records is usable/,
    );
    assert.equal(verify([leaf], []).kind, 'no-match');
  });

  it('octets that are no certificate', () => {
    const verdict = verify([Buffer.from('junk'), top], [tlsaFor(3, 1, 1, leaf), tlsaFor(2, 0, 1, top)]);
    assert.match(because(verdict), /not a DER certificate/);
    assert.deepEqual(verdict.kind === 'no-match' && verdict.presented[0]?.spkiSha256, null);
  });
});

describe('D14 and D15: usages 0 and 1 authenticate nobody, whatever the certificate', () => {
  for (const usage of [0, 1])
    it(`usage ${usage}`, () => {
      for (const certificate of [leaf, intermediate, top])
        assert.equal(
          verify([leaf, intermediate, top], [tlsaFor(usage, 1, 1, certificate), tlsaFor(3, 1, 1, stranger)])
            .kind,
          'no-match',
        );
    });
});

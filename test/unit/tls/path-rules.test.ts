import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  faultOfIssuer,
  faultOfLeaf,
  faultOfPath,
  faultOfSignature,
  nameOf,
  openCertificate,
  type PathCertificate,
} from '../../../src/tls/path-rules.ts';
import * as make from '../../support/chains.ts';
import { dns, forgeNames } from './forge.ts';

const host = make.party('mx.example.test');
const root = make.party('Root');
const { now, aDay } = make;

function open(certificate: Uint8Array): PathCertificate {
  const opened = openCertificate(certificate);
  return opened.kind === 'ok' ? opened.value : assert.fail(opened.because);
}

const leaf = (spec: make.CertificateSpec): PathCertificate => open(make.certify(host, root, spec));
const issuer = (spec: make.CertificateSpec, of = root): PathCertificate => open(make.certify(of, root, spec));
const because = (fault: { readonly because: string } | undefined): string | undefined => fault?.because;

describe('openCertificate', () => {
  it('refuses what OpenSSL or we cannot read', () => {
    for (const octets of [Buffer.alloc(0), forgeNames(dns('a.test')), make.certify(host, root).subarray(1)])
      assert.equal(openCertificate(octets).kind, 'invalid');
    const twice = make.certify(host, root, { extensions: [make.keyUsage(1), make.keyUsage(1)] });
    assert.equal(openCertificate(twice).kind, 'invalid');
  });

  it('gives a result for any octet changed', () => {
    const certificate = make.certify(host, root, { extensions: make.server('mx.example.test') });
    fc.assert(
      fc.property(fc.nat(certificate.length - 1), fc.nat(255), (at, octet) => {
        const changed = Buffer.from(certificate);
        changed[at] = octet;
        const opened = openCertificate(changed);
        if (opened.kind !== 'ok') return;
        for (const fault of [faultOfLeaf(opened.value, now), faultOfIssuer(opened.value, now, true)])
          assert.notEqual(fault?.because, '');
      }),
      { numRuns: 500 },
    );
  });
});

describe("the server's own certificate", () => {
  const good: readonly [why: string, spec: make.CertificateSpec][] = [
    ['as they are', { extensions: make.server('mx.example.test') }],
    ['without extensions', {}],
    ['version 1', { version: 1 }],
    ['with both purposes', { extensions: [make.extendedKeyUsage(2, 1)] }],
    ['for key encipherment', { extensions: [make.keyUsage(0x20)] }],
    ['for key agreement', { extensions: [make.keyUsage(0x08)] }],
    ["that is an authority's too", { extensions: [make.basicConstraints(true)] }],
    ['with an extension that is unknown and not critical', { extensions: [make.unknownExtension(false)] }],
    ['in its first millisecond', { notBefore: now }],
    ['in its last second', { notAfter: now }],
    ['that never expires (RFC 5280 §4.1.2.5)', { notAfter: Date.UTC(9999, 11, 31, 23, 59, 59) }],
  ];
  for (const [why, spec] of good)
    it(`is good ${why}`, () => assert.equal(faultOfLeaf(leaf(spec), now), undefined));

  const name = 'the certificate of CN=mx.example.test';
  const bad: readonly [why: string, spec: make.CertificateSpec, because: string][] = [
    [
      'its key may only sign certificates',
      { extensions: [make.keyUsage(0x04)] },
      `${name} is not for TLS, its key usage says`,
    ],
    [
      'it is for clients',
      { extensions: [make.extendedKeyUsage(2)] },
      `${name} is not for servers, its extended key usage says`,
    ],
    [
      'any purpose, which is no purpose to OpenSSL',
      { extensions: [make.extendedKeyUsage(0)] },
      `${name} is not for servers, its extended key usage says`,
    ],
    [
      'it has an unknown critical extension',
      { extensions: [make.unknownExtension(true)] },
      `${name} has a critical extension that is not known here (1.2.3.4.5)`,
    ],
    [
      'it is not valid yet',
      { notBefore: now + 1000 },
      `${name} is not valid before 2030-01-01T00:00:01.000Z`,
    ],
    ['it has expired', { notAfter: now - 1000 }, `${name} expired at 2029-12-31T23:59:59.000Z`],
  ];
  for (const [why, spec, wanted] of bad)
    it(`is bad: ${why}`, () => assert.equal(because(faultOfLeaf(leaf(spec), now)), wanted));

  it('only what has expired is reported as expired (RFC 8460 §4.3.1)', () => {
    assert.equal(faultOfLeaf(leaf({ notAfter: now - 1000 }), now)?.reason, 'certificate-expired');
    assert.equal(faultOfLeaf(leaf({ notBefore: now + 1000 }), now)?.reason, 'certificate-not-trusted');
  });

  it('has a key that is strong enough', () => {
    const weak = open(make.certify(make.party('mx', 'rsa768'), root));
    assert.equal(because(faultOfLeaf(weak, now)), 'the certificate of CN=mx has an RSA key of 768 bits');
  });
});

describe('a certificate that vouches for others', () => {
  const other = make.party('Middle');
  const says = 'may not vouch for others: it is not the certificate of an authority';
  const cases: readonly [why: string, spec: make.CertificateSpec, inPath: boolean, asAnchor: boolean][] = [
    ["an authority's", { extensions: make.authority }, true, true],
    ["an authority's without keyUsage", { extensions: [make.basicConstraints(true)] }, true, true],
    ["one that says that it is no authority's", { extensions: [make.basicConstraints(false)] }, false, false],
    [
      'one that may not sign certificates',
      { extensions: [make.basicConstraints(true), make.keyUsage(0x80)] },
      false,
      false,
    ],
    // RFC 5280 §6.1.4 (k): in a path basicConstraints have to be there.
    ['one without basicConstraints that may sign', { extensions: [make.keyUsage(0x04)] }, false, true],
    ['one without extensions', {}, false, false],
    ['one of version 1, not signed by itself', { version: 1 }, false, false],
  ];
  for (const [why, spec, inPath, asAnchor] of cases) {
    it(`${why}: ${inPath ? 'yes' : 'no'}; as anchor: ${asAnchor ? 'yes' : 'no'}`, () => {
      for (const [isAnchor, good] of [
        [false, inPath],
        [true, asAnchor],
      ] as const) {
        const fault = because(faultOfIssuer(issuer(spec, other), now, isAnchor));
        assert.equal(fault, good ? undefined : `the certificate of CN=Middle ${says}`);
      }
    });
  }

  it('an anchor may be a root of version 1', () => {
    assert.equal(faultOfIssuer(issuer({ version: 1 }), now, true), undefined);
    assert.notEqual(faultOfIssuer(issuer({ version: 1 }), now, false), undefined);
  });

  it('has to be for servers, strong and understood, the anchor too', () => {
    for (const spec of [
      { extensions: [...make.authority, make.extendedKeyUsage(2)] },
      { extensions: [...make.authority, make.unknownExtension(true)] },
    ]) {
      assert.notEqual(faultOfIssuer(issuer(spec), now, false), undefined);
      assert.notEqual(faultOfIssuer(issuer(spec), now, true), undefined);
    }
    const weak = make.party('Weak', 'rsa768');
    const certificate = open(make.certify(weak, weak, { extensions: make.authority }));
    assert.match(because(faultOfIssuer(certificate, now, true)) ?? '', /768 bits/);
  });

  it('has to be in its dates; an anchor that another one has signed need not', () => {
    for (const dates of [{ notAfter: now - aDay }, { notBefore: now + aDay }]) {
      const [own, signed] = [root, other].map((of) => issuer({ extensions: make.authority, ...dates }, of));
      assert.ok(own && signed);
      assert.notEqual(faultOfIssuer(own, now, false), undefined);
      assert.notEqual(faultOfIssuer(signed, now, false), undefined);
      assert.notEqual(faultOfIssuer(own, now, true), undefined);
      assert.equal(faultOfIssuer(signed, now, true), undefined);
    }
  });

  it('signs with what is strong', () => {
    const rsa = make.party('RSA', 'rsa2048');
    const weak = open(make.certify(host, rsa, { signing: 'sha1' }));
    assert.match(
      because(faultOfSignature(weak)) ?? '',
      /CN=mx\.example\.test has a weak or unknown signature/,
    );
    assert.equal(faultOfSignature(open(make.certify(host, rsa))), undefined);
  });
});

describe('faultOfPath', () => {
  const path = (...extensions: readonly (readonly Buffer[])[]): readonly PathCertificate[] => {
    const parties = [host, ...extensions.slice(1).map((_, at) => make.party(`Authority ${at}`))];
    return extensions.map((own, at) =>
      open(make.certify(parties[at] ?? host, parties[at + 1] ?? root, { extensions: own })),
    );
  };
  const names = make.server('mx.example.test');
  const limited = (length: number): readonly Buffer[] => [
    make.basicConstraints(true, length),
    make.keyUsage(0x04),
  ];

  it('RFC 5280 §4.2.1.9: "the maximum number of non-self-issued intermediate certificates that may follow"', () => {
    assert.equal(faultOfPath(path(names, limited(0))), undefined);
    assert.equal(faultOfPath(path(names, make.authority, limited(1))), undefined);
    assert.equal(
      because(faultOfPath(path(names, make.authority, limited(0)))),
      'the certificate of CN=Authority 1 allows fewer authorities below it than there are',
    );
    assert.notEqual(faultOfPath(path(names, make.authority, make.authority, limited(1))), undefined);
    assert.equal(faultOfPath(path(names, limited(0), limited(1), limited(2))), undefined);
  });

  it('self-issued certificates do not count', () => {
    const first = make.party('Authority', 'p256', 'first');
    const second = make.party('Authority', 'p256', 'second');
    const certificates = [
      make.certify(host, first, { extensions: names }),
      make.certify(first, second, { extensions: make.authority }),
      make.certify(second, second, { extensions: limited(0) }),
    ];
    assert.equal(faultOfPath(certificates.map(open)), undefined);
  });

  it('names lie within the constraints of all above, the anchor included (RFC 7671 §5.2.1)', () => {
    const permits = (name: string): readonly Buffer[] => [
      ...make.authority,
      make.nameConstraints([dns(name)]),
    ];
    assert.equal(faultOfPath(path(names, make.authority, permits('example.test'))), undefined);
    assert.equal(
      because(faultOfPath(path(names, make.authority, permits('example.org')))),
      'the certificate of CN=mx.example.test has a name outside those that its authority may name, the certificate of CN=Authority 1',
    );
  });

  it('names of authorities count too, those of self-issued ones do not (RFC 5280 §6.1.4 (b))', () => {
    const odd = [...make.authority, make.hostNames('example.org')];
    const permits = [...make.authority, make.nameConstraints([dns('example.test')])];
    assert.notEqual(faultOfPath(path(names, odd, permits)), undefined);
    const first = make.party('Authority', 'p256', 'first');
    const second = make.party('Authority', 'p256', 'second');
    const rolled = [
      make.certify(host, first, { extensions: names }),
      make.certify(first, second, { extensions: odd }),
      make.certify(second, second, { extensions: permits }),
    ];
    assert.equal(faultOfPath(rolled.map(open)), undefined);
  });

  it('a self-issued certificate of a server is not exempt', () => {
    const other = make.party(host.cn, 'p256', 'another key');
    const permits = [...make.authority, make.nameConstraints([dns('example.org')])];
    const own = make.certify(host, other, { extensions: names });
    assert.notEqual(
      faultOfPath([own, make.certify(other, root, { extensions: permits })].map(open)),
      undefined,
    );
  });
});

it('nameOf is fit for a sentence', () => {
  const long = make.party('x'.repeat(300));
  assert.ok(nameOf(open(make.certify(long, root))).length < 130);
  assert.equal(nameOf(open(make.certify(make.party(''), root))), 'a certificate without a subject');
  assert.equal(nameOf(open(make.certify(make.party('a\nb'), root))), 'the certificate of CN=a\\0Ab');
});

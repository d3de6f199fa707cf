import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Anchor, MOST_CERTIFICATES, type PathVerdict, pathTo } from '../../../src/tls/path.ts';
import * as make from '../../support/chains.ts';
import { randomChain, randomOf } from '../../support/random-chain.ts';

const { authority, certify, now, party, server, spkiOf } = make;
const [host, middle, root] = [party('mx.example.test'), party('Middle'), party('Root')];
const leaf = certify(host, middle, { extensions: server('mx.example.test') });
const intermediate = certify(middle, root, { extensions: authority });
const top = certify(root, root, { extensions: authority });

const certificate = (der: Uint8Array): Anchor => ({ kind: 'certificate', der });
const key = (of: make.Party): Anchor => ({ kind: 'key', spki: spkiOf(of) });
const because = (verdict: PathVerdict): string =>
  verdict.kind === 'no-path' ? verdict.because : assert.fail('there is a path');
const lengthOf = (verdict: PathVerdict): number =>
  verdict.kind === 'path' ? verdict.certificates.length : assert.fail(verdict.because);

describe('pathTo', () => {
  const found: readonly [why: string, chain: readonly Uint8Array[], anchor: Anchor, length: number][] = [
    ['all the way to a root that was presented', [leaf, intermediate, top], certificate(top), 3],
    ['to a root that was not presented', [leaf, intermediate], certificate(top), 3],
    ['to an intermediate', [leaf, intermediate, top], certificate(intermediate), 2],
    ['to an intermediate that was not presented', [leaf], certificate(intermediate), 2],
    ['in another order', [leaf, top, intermediate], certificate(top), 3],
    ['with doubles', [leaf, leaf, intermediate, leaf, top, intermediate], certificate(top), 3],
    [
      'past what belongs to no path',
      [leaf, Buffer.from('junk'), certify(party('X'), party('Y')), intermediate],
      certificate(top),
      3,
    ],
    ['by a bare key above what was presented', [leaf, intermediate], key(root), 2],
    ['by a bare key right above the server', [leaf], key(middle), 1],
    [
      'by the bare key of a self-signed certificate',
      [certify(host, host, { extensions: server('a.test') })],
      key(host),
      1,
    ],
  ];
  for (const [why, chain, anchor, length] of found) {
    it(`finds one ${why}`, () => {
      const verdict = pathTo(chain, [anchor], now);
      assert.equal(lengthOf(verdict), length);
      assert.equal(verdict.kind === 'path' && verdict.anchor, anchor);
    });
  }

  it("shows the path, the server first, an anchor's certificate last", () => {
    const verdict = pathTo([leaf, top, intermediate], [certificate(top)], now);
    assert.deepEqual(verdict.kind === 'path' && verdict.certificates, [leaf, intermediate, top]);
  });

  it('finds a way round a certificate that has expired', () => {
    const expired = certify(middle, root, { extensions: authority, notAfter: now - make.aDay, serial: 9 });
    for (const chain of [
      [leaf, expired, intermediate],
      [leaf, intermediate, expired],
    ])
      assert.equal(lengthOf(pathTo(chain, [certificate(top)], now)), 3);
  });

  it('finds a way through another root that signed across', () => {
    const other = party('Other Root');
    const across = certify(root, other, { extensions: authority });
    const chain = [leaf, intermediate, top, across];
    assert.equal(
      lengthOf(pathTo(chain, [certificate(certify(other, other, { extensions: authority }))], now)),
      4,
    );
  });

  it('leads to whichever anchor vouches', () => {
    const stranger = certificate(certify(party('X'), party('X'), { extensions: authority }));
    const junk: Anchor = { kind: 'key', spki: Buffer.from('junk') };
    const wanted = certificate(top);
    const verdict = pathTo([leaf, intermediate], [stranger, junk, key(party('Y')), wanted], now);
    assert.equal(verdict.kind === 'path' && verdict.anchor, wanted);
  });

  const mallory = party('Mallory');
  const none: readonly [
    why: string,
    chain: readonly Uint8Array[],
    anchors: readonly Anchor[],
    because: RegExp,
  ][] = [
    ['no certificate', [], [certificate(top)], /presented no certificate/],
    ['no anchor', [leaf, intermediate, top], [], /do not lead to the trust anchor/],
    ['something else in its place', [Buffer.from('junk'), leaf], [certificate(top)], /not a DER certificate/],
    ['a link that is missing', [leaf, top], [certificate(top)], /do not lead to the trust anchor/],
    ['an anchor that nobody can read', [leaf], [certificate(Buffer.from('junk'))], /not a DER certificate/],
    [
      'a key that nobody can read',
      [leaf],
      [{ kind: 'key', spki: Buffer.from('junk') }],
      /cannot read the key/,
    ],
    [
      'a key that is too weak',
      [leaf],
      [key(party('K', 'rsa768'))],
      /the trust anchor is an RSA key of 768 bits/,
    ],
    [
      'the key of somebody else',
      [leaf, intermediate, top],
      [key(mallory)],
      /do not lead to the trust anchor/,
    ],
    [
      'an anchor of the same name with another key',
      [leaf],
      [certificate(certify(party('Middle', 'p256', 'x'), root, { extensions: authority }))],
      /CN=mx\.example\.test is not signed by the key of its issuer, the certificate of CN=Middle/,
    ],
    [
      'a signature by somebody else',
      [certify(host, middle, { signedBy: mallory }), intermediate],
      [certificate(top)],
      /not signed by the key of its issuer/,
    ],
    [
      'an intermediate that is none',
      [leaf, certify(middle, root, { extensions: server('a.test') })],
      [certificate(top)],
      /CN=Middle may not vouch for others/,
    ],
    [
      'an intermediate that may not sign',
      [leaf, certify(middle, root, { extensions: [make.basicConstraints(true), make.keyUsage(0x80)] })],
      [certificate(top)],
      /CN=Middle may not vouch for others/,
    ],
    [
      'an anchor that is none',
      [leaf, intermediate],
      [certificate(certify(root, root, { extensions: [make.basicConstraints(false)] }))],
      /CN=Root may not vouch for others/,
    ],
    [
      'an intermediate that has expired',
      [leaf, certify(middle, root, { extensions: authority, notAfter: now - 1000 })],
      [certificate(top)],
      /CN=Middle expired/,
    ],
    [
      'an anchor that has expired',
      [leaf, intermediate],
      [certificate(certify(root, root, { extensions: authority, notAfter: now - 1000 }))],
      /CN=Root expired/,
    ],
    [
      'a server that has expired',
      [certify(host, root, { notAfter: now - 1000 })],
      [certificate(top)],
      /CN=mx\.example\.test expired/,
    ],
    [
      'a weak signature on the way',
      [certify(host, party('RSA', 'rsa2048'), { signing: 'sha1' })],
      [certificate(certify(party('RSA', 'rsa2048'), root, { extensions: authority }))],
      /weak or unknown signature/,
    ],
    [
      'a weak signature under a bare key',
      [certify(host, party('RSA', 'rsa2048'), { signing: 'sha1' })],
      [key(party('RSA', 'rsa2048'))],
      /do not lead to the trust anchor/,
    ],
    [
      'a path that is longer than its anchor allows',
      [leaf, intermediate],
      [certificate(certify(root, root, { extensions: [make.basicConstraints(true, 0)] }))],
      /CN=Root allows fewer authorities/,
    ],
    [
      'the anchor in its place',
      [leaf, intermediate],
      [certificate(leaf)],
      /the trust anchor is the certificate of the server itself/,
    ],
  ];
  for (const [why, chain, anchors, wanted] of none) {
    it(`finds none: ${why}`, () => assert.match(because(pathTo(chain, anchors, now)), wanted));
  }

  it('RFC 5280 §6.1: a self-signed certificate is not vouched for by itself, however often it was presented', () => {
    const own = certify(host, host, {
      extensions: [make.basicConstraints(true), make.hostNames('mx.example.test')],
    });
    for (const chain of [[own], [own, own]])
      assert.match(because(pathTo(chain, [certificate(own)], now)), /the certificate of the server itself/);
  });

  it("the signature of the anchor's own certificate does not matter", () => {
    const rsa = party('RSA', 'rsa2048');
    const weak = certify(rsa, rsa, { extensions: authority, signing: 'sha1' });
    assert.equal(lengthOf(pathTo([certify(host, rsa), weak], [certificate(weak)], now)), 2);
  });

  it('looks at 16 certificates and no further', () => {
    const filler = Array.from({ length: MOST_CERTIFICATES - 2 }, (_, at) =>
      certify(party(`F${at}`), party('G')),
    );
    assert.equal(pathTo([leaf, ...filler, intermediate], [certificate(top)], now).kind, 'path');
    assert.equal(
      pathTo([leaf, ...filler, filler[0] ?? top, intermediate], [certificate(top)], now).kind,
      'no-path',
    );
  });

  it('certificates that all vouch for each other take bounded time', () => {
    const [one, other] = [party('One'), party('Other')];
    const clique = Array.from({ length: 14 }, (_, at) => {
      const [below, above] = at % 2 === 0 ? [one, other] : [other, one];
      return certify(below, above, { extensions: authority, serial: 100 + at });
    });
    const own = certify(host, one, { extensions: server('mx.example.test') });
    const started = performance.now();
    assert.match(because(pathTo([own, ...clique], [certificate(top)], now)), /more than 64 signatures/);
    assert.ok(performance.now() - started < 1000);
  });

  it('more certificates never take a path away, and their order gives the same verdict', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, other) => {
        const random = randomOf(seed);
        const { presented, anchor } = randomChain(random, 0.3);
        const [first = leaf, ...rest] = presented;
        const verdict = pathTo(presented, [certificate(anchor)], now).kind;
        assert.equal(pathTo([first, ...rest.toReversed()], [certificate(anchor)], now).kind, verdict);
        const more = randomChain(randomOf(other), 0.3).presented;
        if (verdict === 'path')
          assert.equal(pathTo([...presented, ...more], [certificate(anchor)], now).kind, 'path');
        // And none comes about by taking some away.
        const fewer = [first, ...rest.filter(() => random() < 0.5)];
        if (verdict === 'no-path') assert.equal(pathTo(fewer, [certificate(anchor)], now).kind, 'no-path');
      }),
      { numRuns: 150 },
    );
  });

  it('never throws, whatever the octets', () => {
    const octets = fc.oneof(
      fc.uint8Array(),
      fc
        .tuple(fc.constantFrom(leaf, intermediate, top), fc.nat(500), fc.nat(255))
        .map(([good, at, octet]) => {
          const changed = Buffer.from(good);
          changed[at % good.length] = octet;
          return changed;
        }),
    );
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 5 }), octets, (chain, one) => {
        pathTo(chain, [certificate(one), { kind: 'key', spki: one }], now);
        pathTo([leaf, ...chain], [certificate(one)], now);
      }),
      { numRuns: 300 },
    );
  });
});

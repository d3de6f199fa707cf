import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { proveIdentity, type ReferenceIdentity } from '../../../src/tls/identity.ts';
import { createAuthority } from '../../support/certificates.ts';
import { dns, forge, forgeNames, ip } from './forge.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** `name`, `.suffix` or `[address]`. */
function reference(text: string): ReferenceIdentity {
  if (text.startsWith('[')) return { kind: 'ip', address: text.slice(1, -1) };
  if (text.startsWith('.')) return { kind: 'under', suffix: domain(text.slice(1)) };
  return { kind: 'name', name: domain(text) };
}

const proofOf = (certificate: Uint8Array, ...references: readonly string[]): string | undefined => {
  const verdict = proveIdentity(certificate, references.map(reference));
  return verdict.kind === 'proved' ? verdict.name : undefined;
};

describe('the common name, where DANE looks at it (RFC 7672 §3.2.3)', () => {
  const proof = (certificate: Uint8Array, wanted: string): string | undefined => {
    const verdict = proveIdentity(certificate, [reference(wanted)], 'without-dns-names');
    return verdict.kind === 'proved' ? verdict.name : undefined;
  };

  it('"The CN-ID is only considered when no DNS-IDs are present"', () => {
    assert.equal(proof(forge([], 'mx.example.test'), 'mx.example.test'), 'mx.example.test');
    assert.equal(proof(forgeNames(ip(192, 0, 2, 1)), 'mx.example.test'), 'mx.example.test');
    assert.equal(proof(forgeNames(dns('other.test')), 'mx.example.test'), undefined);
    assert.equal(proof(forgeNames(dns('')), 'mx.example.test'), undefined, 'even where it names nobody');
  });

  it('"Wildcards are valid in either DNS-IDs or the CN-ID": the whole first label, for one label', () => {
    assert.equal(proof(forge([], '*.example.test'), 'mx.example.test'), '*.example.test');
    assert.equal(proof(forge([], '*.example.test'), 'a.mx.example.test'), undefined);
    assert.equal(proof(forge([], 'm*.example.test'), 'mx.example.test'), undefined);
  });

  it('is named in a mismatch', () => {
    assert.deepEqual(
      proveIdentity(forge([], 'mx.example.test'), [reference('a.test')], 'without-dns-names'),
      {
        kind: 'mismatch',
        presented: ['mx.example.test'],
      },
    );
  });
});

describe('proveIdentity, RFC 9525 §6', () => {
  const proved: readonly [why: string, presented: string, wanted: string][] = [
    ['the name itself', 'mx.example.test', 'mx.example.test'],
    ['a name in other letters', 'MX.Example.TEST', 'mx.example.test'],
    ['a wildcard for one label', '*.example.test', 'mx.example.test'],
    ['a wildcard for one label, in other letters', '*.EXAMPLE.test', 'mx.example.test'],
    ['an A-label', 'mx.xn--bcher-kva.test', 'mx.bücher.test'],
    ['a wildcard for an A-label', '*.example.test', 'bücher.example.test'],
    ['a name that is one label, exactly', 'localhost', 'localhost'],
    ['an underscore', 'mx_1.example.test', 'mx_1.example.test'],
    ['a name below the suffix', 'mx.example.test', '.example.test'],
    ['a name far below the suffix', 'a.b.c.example.test', '.example.test'],
    ['a wildcard of names below the suffix', '*.example.test', '.example.test'],
    ['a wildcard far below the suffix', '*.b.example.test', '.example.test'],
  ];
  for (const [why, presented, wanted] of proved) {
    it(`${presented} proves ${wanted}: ${why}`, () =>
      assert.equal(proofOf(forgeNames(dns(presented)), wanted), presented));
  }

  const refused: readonly [why: string, presented: string, wanted: string][] = [
    ['another name', 'other.test', 'mx.example.test'],
    ['the parent', 'example.test', 'mx.example.test'],
    ['a name below', 'a.mx.example.test', 'mx.example.test'],
    ['§6.3: a wildcard stands for one label, not two', '*.example.test', 'a.mx.example.test'],
    ['§6.3: a wildcard stands for one label, not none', '*.example.test', 'example.test'],
    ['§6.3: a wildcard is the whole label (in front)', '*x.example.test', 'mx.example.test'],
    ['§6.3: a wildcard is the whole label (behind)', 'm*.example.test', 'mx.example.test'],
    ['§6.3: a wildcard is the whole label (inside)', 'm*x.example.test', 'mx.example.test'],
    ['§6.3: a wildcard is the left-most label', 'mx.*.test', 'mx.example.test'],
    ['§6.3: a wildcard is there once', '*.*.test', 'mx.example.test'],
    ['a wildcard inside an A-label', 'xn--*.example.test', 'xn--bcher-kva.example.test'],
    ['a wildcard of a whole zone', '*.test', 'example.test'],
    ['a wildcard of everything', '*', 'test'],
    ['a wildcard of nothing', '*.', 'test'],
    ['NUL behind the name', 'mx.example.test\0.evil.test', 'mx.example.test'],
    ['NUL at the end', 'mx.example.test\0', 'mx.example.test'],
    ['the quoting attack', 'evil.test, DNS:mx.example.test', 'mx.example.test'],
    ['the quoting attack with quotes', 'evil.test", DNS:"mx.example.test', 'mx.example.test'],
    ['the quoting attack with a line break', 'evil.test\nDNS:mx.example.test', 'mx.example.test'],
    ['a trailing dot', 'mx.example.test.', 'mx.example.test'],
    ['a leading space', ' mx.example.test', 'mx.example.test'],
    ['a U-label where A-labels belong', 'b\xfccher.test', 'bücher.test'],
    ['an empty name', '', 'mx.example.test'],
    ['a dNSName that looks like an address', '192.0.2.1', '[192.0.2.1]'],
    ['a dNSName that looks like an IPv6 address', '::1', '[::1]'],
    ['the suffix itself', 'example.test', '.example.test'],
    ['a name that only ends in the letters of the suffix', 'notexample.test', '.example.test'],
    ['a wildcard above the suffix', '*.test', '.example.test'],
    ['a wildcard beside the suffix', '*.other.test', '.example.test'],
    ['NUL below a suffix', 'evil.test\0.example.test', '.example.test'],
  ];
  for (const [why, presented, wanted] of refused) {
    it(`${JSON.stringify(presented)} does not prove ${wanted}: ${why}`, () => {
      assert.equal(proofOf(forgeNames(dns(presented)), wanted), undefined);
    });
  }

  it('§2: never looks at the common name, not even where there is no other name', () => {
    assert.equal(proofOf(forge([], 'mx.example.test'), 'mx.example.test'), undefined);
    assert.equal(proofOf(forgeNames(ip(192, 0, 2, 1)), 'mx.example.test'), undefined);
  });

  it('takes only dNSName for names: e-mail addresses and URIs prove none', () => {
    const others = [0x81, 0x86].map((tag) => {
      const entry = Buffer.from(dns('mx.example.test'));
      entry[0] = tag;
      return entry;
    });
    assert.equal(proofOf(forgeNames(...others), 'mx.example.test', '.example.test'), undefined);
  });

  const addresses: readonly [presented: Buffer, wanted: string, proof: string | undefined][] = [
    [ip(192, 0, 2, 1), '[192.0.2.1]', '192.0.2.1'],
    [ip(192, 0, 2, 1), '[192.0.2.2]', undefined],
    [ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '[2001:DB8:0::1]', '2001:db8::1'],
    [ip(...Buffer.alloc(15), 1), '[::1]', '::1'],
    [ip(...Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 1), '[::ffff:192.0.2.1]', '::ffff:c000:201'],
    [ip(...Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 1), '[192.0.2.1]', undefined],
    [ip(192, 0, 2), '[192.0.2.0]', undefined],
    [ip(192, 0, 2, 0, 255, 255, 255, 0), '[192.0.2.0]', undefined],
    [ip(), '[::]', undefined],
    [ip(...Buffer.alloc(16)), '[fe80::1%eth0]', undefined],
  ];
  for (const [presented, wanted, proof] of addresses) {
    it(`iPAddress ${presented.subarray(2).toString('hex')} proves ${proof === undefined ? 'not ' : ''}${wanted}`, () => {
      assert.equal(proofOf(forgeNames(presented), wanted), proof);
    });
  }

  it('names the first reference that is proved', () => {
    const references = [reference('other.test'), reference('.example.test'), reference('mx.example.test')];
    assert.deepEqual(proveIdentity(forgeNames(dns('mx.example.test')), references), {
      kind: 'proved',
      name: 'mx.example.test',
      reference: references[1],
    });
  });

  it('says in a mismatch what was presented, fit to be logged', () => {
    const presented = [dns('a.test'), dns('b\0\x1b[2J.test'), dns('x'.repeat(9999)), ip(192, 0, 2, 1)];
    assert.deepEqual(proveIdentity(forgeNames(...presented), [reference('mx.test')]), {
      kind: 'mismatch',
      presented: ['a.test', String.raw`b\x00\x1b[2J.test`, 'x'.repeat(255), '192.0.2.1'],
    });
  });

  it('proves nothing without references, and nothing by what is no certificate', () => {
    assert.equal(proveIdentity(forgeNames(dns('mx.example.test')), []).kind, 'mismatch');
    assert.deepEqual(proveIdentity(Buffer.from('x'), [reference('mx.example.test')]), {
      kind: 'mismatch',
      presented: [],
    });
  });

  it('never proves a name that OpenSSL, at its strictest, does not find in the certificate', async () => {
    const authority = await createAuthority();
    const pool = [
      'mx.example.test',
      '*.example.test',
      'example.test',
      '*.test',
      'm*.example.test',
      'a.b.example.test',
    ];
    const wanted = ['mx.example.test', 'example.test', 'a.example.test', 'a.b.example.test', 'other.test'];
    for (const name of pool) {
      const { certPem } = await authority.issue({ names: [name], cn: 'mx.example.test' });
      const certificate = new X509Certificate(certPem);
      for (const host of wanted) {
        const strict = certificate.checkHost(host, { subject: 'never', partialWildcards: false });
        assert.equal(
          proofOf(certificate.raw, host) !== undefined,
          strict !== undefined,
          `${name} for ${host}`,
        );
      }
    }
  });

  it('gives a verdict for any octets as names', () => {
    const wanted = ['mx.example.test', '.example.test', '[192.0.2.1]'].map(reference);
    const label = fc.constantFrom('*', 'mx', 'example', 'test', '\0', ',', 'DNS:', '192', '');
    const presented = fc.oneof(
      fc.array(label).map((labels) => labels.join('.')),
      fc.uint8Array().map((octets) => Buffer.from(octets).toString('latin1')),
    );
    fc.assert(
      fc.property(presented, (name) => {
        const verdict = proveIdentity(forgeNames(dns(name)), wanted);
        if (verdict.kind === 'mismatch') assert.match(verdict.presented[0] ?? '', /^[\x21-\x7e]*$/);
        else assert.match(verdict.name, /^(?:\*\.)?(?:[a-z0-9]+\.)*example\.test$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes linear time for a certificate of 10,000 names and 100 references', () => {
    const certificate = forgeNames(
      ...Array.from({ length: 10_000 }, (_, index) => dns(`n${index}.example.test`)),
    );
    const wanted = Array.from({ length: 100 }, (_, index) => reference(`m${index}.example.test`));
    const started = performance.now();
    assert.equal(proveIdentity(certificate, wanted).kind, 'mismatch');
    assert.ok(performance.now() - started < 2000);
  });
});

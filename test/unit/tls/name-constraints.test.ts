import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readExtensions } from '../../../src/tls/extensions.ts';
import { nameOutside } from '../../../src/tls/name-constraints.ts';
import { readCertificate } from '../../../src/tls/raw-certificate.ts';
import * as make from '../../support/chains.ts';
import { der, dns, forge, forgeNames, ip } from './forge.ts';

const directory = (...names: readonly string[]): Buffer => der(0xa4, make.distinguishedName(...names));
const mailbox = (address: string): Buffer => der(0x81, Buffer.from(address));
const outside = 'has a name outside those that its authority may name';
const among = 'has a name among those that its authority may not name';
const unchecked = 'has a name of a form that is constrained and cannot be checked';

interface Subtrees {
  readonly permitted?: readonly Uint8Array[];
  readonly excluded?: readonly Uint8Array[];
}

function judge(
  certificate: Uint8Array,
  { permitted = [], excluded = [] }: Subtrees,
  leaf = true,
): string | undefined {
  const above = readCertificate(forge([make.nameConstraints(permitted, excluded)]));
  const below = readCertificate(certificate);
  if (above.kind !== 'ok' || below.kind !== 'ok') return assert.fail();
  const extensions = readExtensions(above.value.extensions);
  if (extensions.kind !== 'ok') return assert.fail(extensions.because);
  return nameOutside(below.value, extensions.value.nameConstraints ?? assert.fail(), leaf);
}

describe('nameOutside, RFC 5280 §4.2.1.10', () => {
  // "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the name
  // satisfies the name constraint."
  const names: readonly [name: string, base: string, within: boolean][] = [
    ['example.test', 'example.test', true],
    ['mx.example.test', 'example.test', true],
    ['a.b.example.test', 'example.test', true],
    ['MX.EXAMPLE.TEST', 'example.test', true],
    ['mx.example.test', 'Example.Test', true],
    ['notexample.test', 'example.test', false],
    ['test', 'example.test', false],
    ['mx.example.test', '.example.test', true],
    ['example.test', '.example.test', false],
    ['anything.test', '', true],
    ['*.example.test', 'example.test', true],
    ['*.test', 'example.test', false],
  ];
  for (const [name, base, within] of names) {
    it(`${name} is ${within ? '' : 'not '}within "${base}"`, () => {
      assert.equal(judge(forgeNames(dns(name)), { permitted: [dns(base)] }), within ? undefined : outside);
      if (name !== '*.test')
        assert.equal(judge(forgeNames(dns(name)), { excluded: [dns(base)] }), within ? among : undefined);
    });
  }

  it('one of several permitted subtrees is enough, one of several excluded is too much', () => {
    const both = [dns('example.test'), dns('example.org')];
    assert.equal(judge(forgeNames(dns('mx.example.org')), { permitted: both }), undefined);
    assert.equal(judge(forgeNames(dns('mx.example.org')), { excluded: both }), among);
    assert.equal(
      judge(forgeNames(dns('mx.example.org'), dns('a.example.com')), { permitted: both }),
      outside,
    );
  });

  it('excluded subtrees count inside permitted ones: "regardless of information appearing in the permittedSubtrees"', () => {
    const subtrees = { permitted: [dns('example.test')], excluded: [dns('secret.example.test')] };
    assert.equal(judge(forgeNames(dns('mx.example.test')), subtrees), undefined);
    assert.equal(judge(forgeNames(dns('mx.secret.example.test')), subtrees), among);
  });

  it('a wildcard that stands for an excluded name is excluded (CVE-2025-61727)', () => {
    for (const base of ['mx.example.test', '.mx.example.test'])
      assert.equal(judge(forgeNames(dns('*.example.test')), { excluded: [dns(base)] }), among, base);
    for (const base of ['a.mx.example.test', 'example.org', 'mx.example.org'])
      assert.equal(judge(forgeNames(dns('*.example.test')), { excluded: [dns(base)] }), undefined, base);
  });

  it('names of a form that is not constrained are free', () => {
    assert.equal(
      judge(forgeNames(dns('a.test')), { permitted: [ip(192, 0, 2, 0, 255, 255, 255, 0)] }),
      undefined,
    );
    assert.equal(
      judge(forgeNames(mailbox('a@b.test')), { permitted: [dns('example.test')], excluded: [dns('b.test')] }),
      undefined,
    );
  });

  it('addresses lie in networks of their own family', () => {
    const network = { permitted: [ip(192, 0, 2, 0, 255, 255, 255, 128)] };
    assert.equal(judge(forgeNames(ip(192, 0, 2, 127)), network), undefined);
    assert.equal(judge(forgeNames(ip(192, 0, 2, 128)), network), outside);
    assert.equal(judge(forgeNames(ip(...Buffer.alloc(15), 1)), network), outside);
    const six = ip(0x20, 1, 0xd, 0xb8, ...Buffer.alloc(12), ...Buffer.alloc(4, 0xff), ...Buffer.alloc(12));
    assert.equal(
      judge(forgeNames(ip(0x20, 1, 0xd, 0xb8, ...Buffer.alloc(11), 1)), { excluded: [six] }),
      among,
    );
    assert.equal(judge(forgeNames(ip(192, 0, 2, 1)), { excluded: [six] }), undefined);
  });

  it('the subject is a directory name: its first steps have to be those of the subtree', () => {
    const named = make.certify(make.party('mx.example.test'), make.party('CA'), {
      subject: make.distinguishedName('Company', 'mx.example.test'),
    });
    assert.equal(judge(named, { permitted: [directory('company')] }), undefined);
    assert.equal(judge(named, { permitted: [directory('Company', 'mx.example.test', 'more')] }), outside);
    assert.equal(judge(named, { permitted: [directory('mx.example.test')] }), outside);
    assert.equal(judge(named, { excluded: [directory('COMPANY')] }), among);
    assert.equal(
      judge(forge([], 'x'), { permitted: [directory()] }),
      undefined,
      'an empty subtree is all of them',
    );
  });

  it('a subject without names is none', () => {
    const nameless = make.certify(make.party(''), make.party('CA'), {
      extensions: [make.hostNames('a.test')],
    });
    assert.equal(judge(nameless, { permitted: [directory('Company')] }), undefined);
  });

  it('"the application MUST either process the constraint or reject the certificate"', () => {
    assert.equal(judge(forgeNames(mailbox('a@b.test')), { permitted: [mailbox('b.test')] }), unchecked);
    const uri = der(0x86, Buffer.from('https://a.test/'));
    assert.equal(judge(forgeNames(uri), { excluded: [der(0x86, Buffer.from('b.test'))] }), unchecked);
    const old = make.certify(make.party('a'), make.party('CA'), {
      subject: der(0x30, make.step([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], 'a@b.test', 0x16)),
    });
    assert.equal(judge(old, { permitted: [mailbox('b.test')] }), unchecked, 'an address in the subject');
    assert.equal(
      judge(forgeNames(dns('a.test')), { excluded: [der(0xa4, der(0x31))] }),
      unchecked,
      'an unreadable subtree',
    );
    const odd = make.certify(make.party('a'), make.party('CA'), { subject: der(0x30, der(0x30)) });
    assert.equal(judge(odd, { excluded: [directory('a')] }), unchecked, 'an unreadable subject');
  });

  it("the common name counts where it may stand for a host: in the server's certificate, without a dNSName", () => {
    const permitted = [dns('example.org')];
    assert.equal(judge(forge([], 'mx.example.test'), { permitted }), outside);
    assert.equal(judge(forge([], '*.example.test'), { permitted }), outside);
    assert.equal(judge(forge([], 'mx.example.test'), { permitted }, false), undefined);
    assert.equal(judge(forge([], 'Some Company'), { permitted }), undefined);
    assert.equal(
      judge(forgeNames(dns('mx.example.org')), { permitted }),
      undefined,
      'its common name is mx.example.test',
    );
  });

  it('takes bounded time', () => {
    const many = Array.from({ length: 2000 }, (_, at) => dns(`n${at}.example.test`));
    // Processor time: the others on the machine do not count.
    const before = process.cpuUsage();
    assert.equal(
      judge(forgeNames(...many), { excluded: many }),
      'has too many names for the constraints on them',
    );
    assert.equal(judge(forgeNames(...many), { excluded: many.slice(0, 500).map(() => dns('x')) }), undefined);
    assert.ok(process.cpuUsage(before).user < 3_000_000);
  });

  it('an excluded subtree never lets pass what a permitted one of the same base lets pass', () => {
    const label = fc.constantFrom('*', 'mx', 'a', 'example', 'test');
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(host, host, (name, base) => {
        const certificate = forgeNames(dns(name));
        const isPermitted = judge(certificate, { permitted: [dns(base)] }) === undefined;
        if (isPermitted) assert.equal(judge(certificate, { excluded: [dns(base)] }), among);
      }),
    );
  });
});

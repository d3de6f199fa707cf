import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type Extensions,
  keyUsages,
  readExtensions,
  SERVER_AUTH,
  showIdentifier,
} from '../../../src/tls/extensions.ts';
import { readCertificate } from '../../../src/tls/raw-certificate.ts';
import * as make from '../../support/chains.ts';
import { der, dns, extension, forge } from './forge.ts';

function read(...extensions: readonly Buffer[]): Extensions | string {
  const certificate = readCertificate(forge(extensions));
  if (certificate.kind !== 'ok') return certificate.because;
  const result = readExtensions(certificate.value.extensions);
  return result.kind === 'ok' ? result.value : result.because;
}

const field = <Key extends keyof Extensions>(key: Key, ...extensions: readonly Buffer[]): Extensions[Key] => {
  const result = read(...extensions);
  return typeof result === 'string' ? assert.fail(result) : result[key];
};

const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
const KEY_USAGE = [0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE = [0x55, 0x1d, 0x25];
const NAME_CONSTRAINTS = [0x55, 0x1d, 0x1e];
const yes = der(0x01, Buffer.from([0xff]));
const no = der(0x01, Buffer.from([0]));

describe('readExtensions', () => {
  it('has nothing to say of a certificate without extensions', () => {
    assert.deepEqual(read(), {
      basicConstraints: undefined,
      keyUsage: undefined,
      purposes: undefined,
      nameConstraints: undefined,
      unknownCritical: undefined,
    });
  });

  it('basicConstraints: cA, which is FALSE where it is not said, and the length of the path', () => {
    const constraints = (...parts: readonly Buffer[]): unknown =>
      field('basicConstraints', extension(BASIC_CONSTRAINTS, der(0x30, ...parts)));
    assert.deepEqual(constraints(), { ca: false, pathLength: undefined });
    assert.deepEqual(constraints(no), { ca: false, pathLength: undefined });
    assert.deepEqual(constraints(yes), { ca: true, pathLength: undefined });
    assert.deepEqual(constraints(yes, make.integer(0)), { ca: true, pathLength: 0 });
    assert.deepEqual(constraints(yes, make.integer(300)), { ca: true, pathLength: 300 });
    assert.deepEqual(constraints(make.integer(1)), { ca: false, pathLength: 1 });
  });

  it('keyUsage: the bits, counted from the left', () => {
    const usage = field('keyUsage', make.keyUsage(0x84)) ?? assert.fail();
    assert.ok(usage & keyUsages.digitalSignature);
    assert.ok(usage & keyUsages.keyCertSign);
    assert.ok(!(usage & keyUsages.keyEncipherment));
    assert.equal(field('keyUsage', extension(KEY_USAGE, der(0x03, Buffer.from([7, 0, 0x80])))), 0);
    assert.equal(field('keyUsage', extension(KEY_USAGE, der(0x03, Buffer.from([0])))), 0);
  });

  it('extKeyUsage: every purpose', () => {
    assert.deepEqual(field('purposes', make.extendedKeyUsage(1)), [SERVER_AUTH]);
    assert.deepEqual(field('purposes', make.extendedKeyUsage(2, 1))?.length, 2);
  });

  it('nameConstraints: the bases of both kinds of subtrees', () => {
    const found = field(
      'nameConstraints',
      make.nameConstraints([dns('a.test')], [dns('b.test'), dns('c.test')]),
    );
    assert.deepEqual(
      found?.permitted.map(({ whole }) => Buffer.from(whole)),
      [dns('a.test')],
    );
    assert.equal(found?.excluded.length, 2);
    assert.deepEqual(field('nameConstraints', make.nameConstraints([])), { permitted: [], excluded: [] });
  });

  it('RFC 5280 §4.2: a critical extension that is not known is named, a known one or one that is not critical is not', () => {
    assert.equal(field('unknownCritical', make.unknownExtension(true)), '1.2.3.4.5');
    assert.equal(field('unknownCritical', make.unknownExtension(false)), undefined);
    assert.equal(field('unknownCritical', make.basicConstraints(true)), undefined);
    for (const last of [0x11, 0x1f, 0x20, 0x21, 0x24, 0x36]) {
      const known = extension([0x55, 0x1d, last], der(0x30), true);
      assert.equal(field('unknownCritical', known), undefined, String(last));
    }
    // Key identifiers need not be critical, and are then read by OpenSSL.
    assert.equal(field('unknownCritical', extension([0x55, 0x1d, 0x12], der(0x30), true)), '2.5.29.18');
  });

  const unreadable = 'the certificate has an extension that cannot be read';
  const refused: readonly [why: string, extensions: readonly Buffer[], because: string][] = [
    [
      '"A certificate MUST NOT include more than one instance of a particular extension" (RFC 5280 §4.2)',
      [make.keyUsage(0x80), make.keyUsage(0x80)],
      'the certificate has an extension twice',
    ],
    [
      'even one without effect',
      [make.unknownExtension(false), make.unknownExtension(false)],
      'the certificate has an extension twice',
    ],
    ['basicConstraints that are no sequence', [extension(BASIC_CONSTRAINTS, yes)], unreadable],
    [
      'a negative length of the path',
      [extension(BASIC_CONSTRAINTS, der(0x30, yes, der(0x02, Buffer.from([0xff]))))],
      unreadable,
    ],
    ['an empty length of the path', [extension(BASIC_CONSTRAINTS, der(0x30, yes, der(0x02)))], unreadable],
    [
      'more than two fields',
      [extension(BASIC_CONSTRAINTS, der(0x30, yes, make.integer(1), make.integer(1)))],
      unreadable,
    ],
    [
      'a boolean of two octets',
      [extension(BASIC_CONSTRAINTS, der(0x30, der(0x01, Buffer.from([0xff, 0xff]))))],
      unreadable,
    ],
    ['keyUsage that is no bit string', [extension(KEY_USAGE, der(0x04, Buffer.from([0, 4])))], unreadable],
    [
      'keyUsage with more than seven unused bits',
      [extension(KEY_USAGE, der(0x03, Buffer.from([8, 4])))],
      unreadable,
    ],
    ['an empty bit string', [extension(KEY_USAGE, der(0x03))], unreadable],
    ['extKeyUsage without a purpose', [extension(EXTENDED_KEY_USAGE, der(0x30))], unreadable],
    [
      'extKeyUsage with a number in it',
      [extension(EXTENDED_KEY_USAGE, der(0x30, make.integer(1)))],
      unreadable,
    ],
    [
      'nameConstraints with something else in them',
      [extension(NAME_CONSTRAINTS, der(0x30, der(0xa2)))],
      unreadable,
    ],
    [
      'two lists of permitted subtrees',
      [extension(NAME_CONSTRAINTS, der(0x30, der(0xa0), der(0xa0)))],
      unreadable,
    ],
    ['a subtree without a base', [extension(NAME_CONSTRAINTS, der(0x30, der(0xa0, der(0x30))))], unreadable],
    [
      'RFC 5280 §4.2.1.10: "the minimum MUST be zero, and maximum MUST be absent"',
      [
        extension(
          NAME_CONSTRAINTS,
          der(0x30, der(0xa0, der(0x30, dns('a.test'), der(0x80, Buffer.from([1]))))),
        ),
      ],
      unreadable,
    ],
  ];
  for (const [why, extensions, because] of refused) {
    it(`refuses ${why}`, () => assert.equal(read(...extensions), because));
  }

  it('gives a result for any octets in any of them', () => {
    const id = fc.constantFrom(BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS);
    fc.assert(
      fc.property(id, fc.uint8Array({ maxLength: 40 }), (wanted, octets) => {
        for (const value of [octets, der(0x30, octets), der(0x30, der(0xa0, octets))])
          read(extension(wanted, value));
      }),
    );
  });
});

describe('showIdentifier', () => {
  const cases: readonly [hex: string, text: string][] = [
    ['551d13', '2.5.29.19'],
    ['2a864886f70d01010b', '1.2.840.113549.1.1.11'],
    ['06', '0.6'],
    ['', '0.0'],
    ['883703', '2.999.3'],
  ];
  for (const [hex, text] of cases) it(`${hex} is ${text}`, () => assert.equal(showIdentifier(hex), text));

  it('is short for any octets', () => {
    assert.ok(showIdentifier('ff'.repeat(10_000)).length < 200);
    assert.ok(showIdentifier('01'.repeat(10_000)).length < 200);
  });
});

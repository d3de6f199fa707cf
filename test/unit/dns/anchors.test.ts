import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { ianaAnchors, type ParsedAnchors, parseAnchors, type TrustAnchor } from '../../../src/dns/anchors.ts';
import { type Name, parseName, root } from '../../../src/dns/name.ts';
import type { Dnskey } from '../../../src/dns/records.ts';

/** The file root.key of Debian's package dns-root-data 2024071801~deb12u1. */
const rootKeys = `
. IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU= ; keytag 20326
. IN DNSKEY 257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc= ; keytag 38696
`;

/** The file root.ds of the same package. */
const rootDigests = `. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
`;

function anchorsOf(text: string): readonly TrustAnchor[] {
  const parsed = parseAnchors(text);
  if (parsed.kind !== 'ok') throw new Error(`line ${parsed.line}: ${parsed.because}`);
  return parsed.anchors;
}

function named(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** RFC 4034 §5.1.4: digest = hash(owner name | RDATA). */
function digestOf(zone: Name, key: Dnskey, hash: string): Uint8Array {
  const head = Uint8Array.of(key.flags >> 8, key.flags & 0xff, key.protocol, key.algorithm);
  const digest = createHash(hash).update(zone, 'latin1').update(head).update(key.publicKey).digest();
  return new Uint8Array(digest);
}

describe('ianaAnchors', () => {
  it("are the digests of the root's keys, 20326 and 38696", () => {
    const [keys] = anchorsOf(rootKeys);
    const [iana, ...others] = ianaAnchors;
    assert.deepEqual(others, []);
    assert.equal(iana?.zone, root);
    assert.deepEqual(
      iana.ds,
      keys?.keys.map((key) => ({
        keyTag: key.keyTag,
        algorithm: 8,
        digestType: 2,
        digest: digestOf(root, key, 'sha256'),
      })),
    );
    assert.deepEqual(
      iana.ds.map(({ keyTag }) => keyTag),
      [20326, 38696],
    );
  });

  it('are what Debian ships as digests', () => assert.deepEqual(anchorsOf(rootDigests), ianaAnchors));
});

const base64 = `AwEAAaWom7ybMEVtlq6R83yEUvbg3ubWLv5KHEKIi46Wkf2ZPIBQJ6j4beIzOtk49atNpb+yvpTTyRsX3BxizEQJc3Rjyqlm0vcan5g5mARMCf6r0MkhB7AeasGduz7wplQelVsf9lBC9uecvrgFbf7jiCx+5hUXRZ2khi7M1S79RxQXdMa+QrRBh23b6zFXfVypLcRGf22vg+rb12uk+Z77w5JJIGpAZyzq9vuTQdIECRSeSCfLtbNScZENqX6X989Y7rf5Kdaund4i00BK1/hbeM2nBQDQ7kgMSTE2meyso25TWVdxjJfmqw0g7XDBhTkKsC7no2FNIZgcB+U133FzmhE=`;

/** One key of a zone of BIND 9.20.30, as different programs write it. */
const written: readonly [by: string, text: string][] = [
  [
    'unbound 1.26.2 in its auto-trust-anchor-file',
    `; autotrust trust anchor file
;;id: hashed.test. 1
;;last_queried: 1795871260 ;;Sat Nov 28 13:07:40 2026
;;query_failed: 0
hashed.test.	3600	IN	DNSKEY	257 3 8 ${base64} ;{id = 8510 (ksk), size = 2048b} ;;state=2 [  VALID  ] ;;count=0 ;;lastchange=1795871260 ;;Sat Nov 28 13:07:40 2026
`,
  ],
  ['dig', `hashed.test.		3600	IN	DNSKEY	257 3 8 ${base64.replaceAll(/.{56}/g, '$& ')}\n`],
  [
    'dig +multiline',
    `hashed.test.		3600 IN	DNSKEY 257 3 8 (
				${base64.replaceAll(/.{44}/g, '$&\n\t\t\t\t')}
				) ; KSK; alg = RSASHA256 ; key id = 8510
`,
  ],
  [
    'dnssec-keygen',
    `; This is a key-signing key, keyid 8510, for hashed.test.
; Created: 20261128130733 (Sat Nov 28 13:07:33 2026)
hashed.test. 3600 IN DNSKEY 257 3 8 ${base64.replaceAll(/.{56}/g, '$& ')}
`,
  ],
];

describe('parseAnchors', () => {
  for (const [by, text] of written) {
    it(`reads a key as ${by} writes it`, () => {
      const [anchor, ...others] = anchorsOf(text);
      assert.deepEqual(others, []);
      assert.equal(anchor?.zone, named('hashed.test'));
      assert.deepEqual(anchor.ds, []);
      assert.deepEqual(anchor.keys, [
        {
          flags: 257,
          protocol: 3,
          algorithm: 8,
          keyTag: 8510,
          publicKey: new Uint8Array(Buffer.from(base64, 'base64')),
        },
      ]);
    });
  }

  it('reads digests as dnssec-dsfromkey of BIND 9.20.30 writes them, and they fit the key', () => {
    const zone = named('hashed.test');
    const key = anchorsOf(written[1]?.[1] ?? '')[0]?.keys[0];
    assert.ok(key !== undefined);
    const [anchor] = anchorsOf(`hashed.test. IN DS 8510 8 1 9418A2406AFD867AA72D993EF34A9837CCD2B69A
hashed.test. IN DS 8510 8 2 370E14C71D1B5DD559B9D1A43BB8C78D1416C4A011F86B82BD5E622D4C052608
hashed.test. IN DS 8510 8 4 361DB07081D8CCC5C38B3046615F25E1856068F69BA3BF6491B2AA6E6CCAF24B596CA340130D00B4820F8F1D4FEA417F
`);
    assert.deepEqual(
      anchor?.ds.map(({ digest }) => digest),
      ['sha1', 'sha256', 'sha384'].map((hash) => digestOf(zone, key, hash)),
    );
  });

  const digest = 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855';
  it('reads a digest over several lines, as dig +multiline prints it', () => {
    const text = `child.vectors.test.	3600 IN	DS 12345 13 2 (
				E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B
				934CA495991B7852B855 )
`;
    assert.deepEqual(anchorsOf(text), anchorsOf(`child.vectors.test DS 12345 13 2 ${digest}`));
  });

  const forms = [
    `test. DS 1 13 2 ${digest}`,
    `test DS 1 13 2 ${digest.toLowerCase()}`,
    `TEST. 3600 IN DS 1 13 2 ${digest}`,
    `test. IN 1h30m DS 1 13 2 ${digest}`,
    `test. in ds 1 13 2 ${digest}`,
    `test. 2D DS 1 13 2 ${digest} ; said by (somebody`,
    `\r\n; a comment\r\n\r\ntest.\tIN\tDS\t1\t13\t2\t${digest}\r\n`,
    `test. (IN DS) 1 13 2 (\n;\n${digest.slice(0, 10)} ; half\n\n  ${digest.slice(10)}\n)\n`,
  ];
  for (const [index, form] of forms.entries()) {
    it(`RFC 1035 §5.1: reads form ${index + 1} of the same record`, () => {
      assert.deepEqual(anchorsOf(form), anchorsOf(forms[0] ?? ''));
    });
  }

  it('puts together what belongs to one zone', () => {
    const key = `test. DNSKEY 257 3 13 ${Buffer.alloc(64, 1).toString('base64')}`;
    const anchors = anchorsOf(
      `test. DS 1 13 2 ${digest}\nexample. DS 2 13 2 ${digest}\n${key}\nTEST. DS 3 13 2 ${digest}`,
    );
    assert.deepEqual(
      anchors.map(({ zone, ds, keys }) => [zone, ds.map(({ keyTag }) => keyTag), keys.length]),
      [
        [named('test'), [1, 3], 1],
        [named('example'), [2], 0],
      ],
    );
  });

  it('RFC 5011 §4.2: leaves out keys that unbound does not trust yet, or not any more', () => {
    const line = (state: string): string =>
      `test. 60 IN DNSKEY 257 3 8 ${base64} ;{id = 8510 (ksk)} ;;state=${state} ;;count=0\n`;
    const trusted = (state: string): boolean => parseAnchors(line(state)).kind === 'ok';
    assert.deepEqual(
      [
        '0 [ START ]',
        '1 [ ADDPEND ]',
        '2 [  VALID  ]',
        '3 [ MISSING ]',
        '4 [ REVOKED ]',
        '5 [ REMOVED ]',
      ].filter(trusted),
      ['2 [  VALID  ]', '3 [ MISSING ]'],
    );
    assert.equal(anchorsOf(line('1 [ ADDPEND ]') + line('2 [  VALID  ]'))[0]?.keys.length, 1);
  });

  const refused: readonly [why: string, text: string, line: number, because: RegExp][] = [
    ['nothing', '', 0, /no DS or DNSKEY record/],
    ['comments only', '; nothing\n;; here\n', 0, /no DS or DNSKEY record/],
    ['another class', `\ntest. CH DS 1 13 2 ${digest}`, 2, /"CH" is neither DS nor DNSKEY of class IN/],
    ['another type', `test. IN A 192.0.2.1`, 1, /"A" is neither DS nor DNSKEY/],
    [
      'a signature',
      `test. DS 1 13 2 ${digest}\ntest. 60 IN RRSIG DS 13 1 60 1 1 1 . abcd`,
      2,
      /"RRSIG" is neither/,
    ],
    ['an owner alone', 'test.', 1, /it has no type/],
    ['an owner with TTL and class', 'test. 60 IN', 1, /it has no type/],
    ['two TTLs', `test. 60 60 DS 1 13 2 ${digest}`, 1, /"60" is neither DS/],
    ['a record without an owner', `\n IN DS 1 13 2 ${digest}`, 2, /begins with a blank/],
    ['a directive', '$TTL 3600', 1, /"\$TTL" means nothing here/],
    ['the name of an origin', `@ IN DS 1 13 2 ${digest}`, 1, /"@" means nothing here/],
    ['a name that is none', `a..b DS 1 13 2 ${digest}`, 1, /empty label/],
    ['a digest that is too short', `test. DS 1 13 2 ${digest.slice(2)}`, 1, /digest has 31 octets/],
    ['a digest of half octets', `test. DS 1 13 2 ${digest.slice(1)}`, 1, /not hexadecimal/],
    ['a digest that is none', 'test. DS 1 13 2 zz', 1, /not hexadecimal/],
    ['no digest', 'test. DS 1 13 2', 1, /not hexadecimal/],
    [
      'a key tag beyond 16 bits',
      `test. DS 65536 13 2 ${digest}`,
      1,
      /"65536" is not a number from 0 to 65535/,
    ],
    [
      'an algorithm by name',
      `test. DS 1 RSASHA256 2 ${digest}`,
      1,
      /"RSASHA256" is not a number from 0 to 255/,
    ],
    ['a key that is not base64', 'test. DNSKEY 257 3 13 AwEA$$', 1, /not base64/],
    ['a key in base64 without its padding', `test. DNSKEY 257 3 8 ${base64.slice(0, -1)}`, 1, /not base64/],
    ['no key', 'test. DNSKEY 257 3 13', 1, /not base64/],
    ['another protocol', `test. DNSKEY 257 2 8 ${base64}`, 1, /protocol is 2, not 3/],
    ['a key that is not that of a zone', `test. DNSKEY 1 3 8 ${base64}`, 1, /not the key of a zone/],
    ['RFC 5011 §2.1: a revoked key', `test. DNSKEY 385 3 8 ${base64}`, 1, /revoked/],
    [
      'a parenthesis that is not closed',
      `\ntest. DS 1 13 2 (\n${digest}\n`,
      2,
      /parenthesis that is not closed/,
    ],
    [
      'a parenthesis that was not opened',
      `test. DS 1 13 2 ${digest} )`,
      1,
      /parenthesis, \), that has no other/,
    ],
    ['a parenthesis in another', `test. DS ( 1 13 2 (${digest} ) )`, 1, /parenthesis, \(, that has no other/],
    ['XML', '<TrustAnchor id="1">', 1, /neither DS nor DNSKEY/],
  ];
  for (const [why, text, line, because] of refused) {
    it(`refuses ${why}, and names the line`, () => {
      const parsed: ParsedAnchors = parseAnchors(text);
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.because, because);
      assert.equal(parsed.line, line);
    });
  }

  it('gives for any text anchors or a line of it', () => {
    const word = fc.constantFrom(
      'test.',
      ' ',
      '\n',
      '(',
      ')',
      ';',
      'IN',
      'DS',
      'DNSKEY',
      '257',
      '3',
      '8',
      digest,
      base64,
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (one) => {
        const parsed = parseAnchors(one);
        if (parsed.kind === 'ok')
          assert.ok(parsed.anchors.every(({ ds, keys }) => ds.length + keys.length > 0));
        else assert.ok(parsed.line >= 0 && parsed.line <= one.split('\n').length);
      }),
      { numRuns: 2000 },
    );
  });
});

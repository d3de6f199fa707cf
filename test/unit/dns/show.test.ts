import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decodeMessage } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import { typeNumbers } from '../../../src/dns/numbers.ts';
import { types } from '../../../src/dns/record.ts';
import {
  parseType,
  showExtendedError,
  showList,
  showRcode,
  showRecord,
  showType,
} from '../../../src/dns/show.ts';
import { printed, recorded } from '../../support/dns/recordings.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** Types that dig has a form for and we have not. */
const generic = new Set(['HTTPS', 'SVCB', 'RP', 'KX', 'AFSDB']);

it('a list is shown as far as somebody would read it', () => {
  assert.equal(showList([]), '');
  const words = Array.from({ length: 14 }, (_, index) => `${index}`);
  assert.equal(showList(words.slice(0, 12)), '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11');
  assert.equal(showList(words), '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more');
});

describe('showRecord', () => {
  for (const transfer of ['bind-axfr-nsec', 'bind-axfr-nsec3']) {
    it(`prints every record of ${transfer} as dig does`, () => {
      const decoded = decodeMessage(recorded(transfer));
      assert.ok(decoded.kind === 'ok');
      const { answers } = decoded.message;
      const lines = printed(transfer);
      assert.equal(answers.length, lines.length);
      for (const [index, { name, type, ttl, data }] of answers.entries()) {
        const [owner = '', seconds, , typeName = '', text = ''] = lines[index] ?? [];
        assert.equal(`${showName(name)}.`, owner.toLowerCase());
        assert.equal(String(ttl), seconds);
        assert.equal(showType(type), typeName);
        // Names are kept in lower case; no other word ends with a dot.
        const lower = text.replaceAll(/\S+\.(?=\s|$)/g, (word) => word.toLowerCase());
        const shown = showRecord(type, data);
        if (generic.has(typeName)) assert.match(shown, /^\\# \d+ [0-9A-F]+$/);
        else assert.equal(shown, lower, `${owner} ${typeName}`);
      }
    });
  }

  it('the two zones hold every type that has a form', () => {
    const names = ['bind-axfr-nsec', 'bind-axfr-nsec3'].flatMap(printed).map((line) => line[3] ?? '');
    const wanted = `A AAAA NS CNAME DNAME PTR MX TXT SOA SRV TLSA DS
      DNSKEY CDS CDNSKEY RRSIG NSEC NSEC3 NSEC3PARAM CAA SSHFP HINFO NAPTR`;
    assert.deepEqual(
      wanted.split(/\s+/).filter((name) => !names.includes(name)),
      [],
    );
  });

  const shown: readonly [why: string, type: number, data: string, text: string][] = [
    ['RFC 3597 §5: a type that has no form', 65_280, '0a0b', '\\# 2 0A0B'],
    ['RFC 3597 §5: a record without data', 65_280, '', '\\# 0'],
    ['an address that is none', types.A, 'c00002', '\\# 3 C00002'],
    ['a record with more behind its end', types.MX, '000a 00 00', '\\# 4 000A0000'],
    ['a record that is cut off', types.DNSKEY, '0101', '\\# 2 0101'],
    ['a CAA whose tag is no word', types.CAA, '00 02 6120 61', '\\# 5 0002612061'],
    ['a DS without a digest', types.DS, '0001 0d 02', '\\# 4 00010D02'],
    ['an NSEC with a malformed list', types.NSEC, '00 00 00', '\\# 3 000000'],
    ['a TXT without a string', types.TXT, '', '\\# 0'],
    ['an empty string', types.TXT, '00', '""'],
    ['an NSEC3 of an empty non-terminal', types.NSEC3, `01 00 0000 00 01 ff`, '1 0 0 - VS'],
    [
      'RFC 4034 §3.2: the last second of signatures',
      types.RRSIG,
      '0001 0d 01 00000000 ffffffff 00000000 0000 00 aa',
      'A 13 1 0 21060207062815 19700101000000 0 . qg==',
    ],
    [
      'a signature over a type without a name',
      types.RRSIG,
      'ff00 0d 01 00000000 00000000 00000000 0000 00 aa',
      'TYPE65280 13 1 0 19700101000000 19700101000000 0 . qg==',
    ],
  ];
  for (const [why, type, data, text] of shown) {
    it(`shows ${why}`, () => assert.equal(showRecord(type, hex(data)), text));
  }

  it('RFC 4648 §10: base32 with the extended hex alphabet', () => {
    for (const [text, coded] of [
      ['f', 'CO'],
      ['fo', 'CPNG'],
      ['foo', 'CPNMU'],
      ['foob', 'CPNMUOG'],
      ['fooba', 'CPNMUOJ1'],
      ['foobar', 'CPNMUOJ1E8'],
    ] as const) {
      const data = Uint8Array.of(1, 0, 0, 0, 0, text.length, ...Buffer.from(text));
      assert.equal(showRecord(types.NSEC3, data), `1 0 0 - ${coded}`);
    }
  });

  it('shows any octets of any type in printable ASCII, in one line', () => {
    const octet = fc.oneof(fc.constantFrom(0, 1, 4, 0xc0), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(types)),
        fc.array(octet, { maxLength: 40 }),
        (type, octets) => {
          assert.match(showRecord(type, Uint8Array.from(octets)), /^[ -~]+$/);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('parseType and showType', () => {
  it('reads what it shows, of every number that records can have', () => {
    for (let type = 1; type < 65_535; type += 1) {
      const meta = type === 41 || (type >= 128 && type <= 255);
      const read = parseType(showType(type));
      if (meta) assert.equal(read.kind, 'invalid', showType(type));
      else assert.deepEqual(read, { kind: 'ok', value: type });
    }
  });

  it('reads names in any case', () => {
    for (const [name, type] of [
      ['tlsa', 52],
      ['Nsec3Param', 51],
      ['nsap-ptr', 23],
      ['type52', 52],
      ['TYPE65534', 65_534],
    ] as const)
      assert.deepEqual(parseType(name), { kind: 'ok', value: type });
  });

  for (const text of [
    'ANY',
    'any',
    '*',
    'AXFR',
    'IXFR',
    'MAILA',
    'TSIG',
    'OPT',
    'NXNAME',
    'TYPE255',
    'TYPE0',
    'TYPE65535',
  ]) {
    it(`RFC 6895 §3.1: refuses ${text}, which no record has`, () => {
      const read = parseType(text);
      assert.match(read.kind === 'invalid' ? read.because : 'read', /no answer to it can be proven$/);
    });
  }

  for (const text of [
    '',
    'FOO',
    'TYPE',
    'TYPE01',
    'TYPE65536',
    'TYPE100000',
    'TYPE-1',
    'A ',
    '1',
    'constructor',
    '__proto__',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const read = parseType(text);
      assert.match(read.kind === 'invalid' ? read.because : 'read', /is not a type of records$/);
    });
  }

  it('shows a number where there is no name', () => {
    assert.equal(showType(65_280), 'TYPE65280');
    assert.ok(Object.values(typeNumbers).every((type) => !showType(type).startsWith('TYPE')));
  });
});

describe('showRcode and showExtendedError', () => {
  it('name what has a name', () => {
    assert.equal(showRcode(3), 'NXDOMAIN');
    assert.equal(showRcode(23), 'BADCOOKIE');
    assert.equal(showRcode(12), 'RCODE12');
    assert.equal(showRcode(4095), 'RCODE4095');
    assert.equal(
      showExtendedError({ code: 7, text: 'since yesterday' }),
      'EDE 7 (Signature Expired): since yesterday',
    );
    assert.equal(showExtendedError({ code: 27, text: '' }), 'EDE 27 (Unsupported NSEC3 Iterations Value)');
    assert.equal(showExtendedError({ code: 49_152, text: 'ours' }), 'EDE 49152: ours');
    assert.equal(showExtendedError({ code: 49_152, text: '' }), 'EDE 49152');
  });
});

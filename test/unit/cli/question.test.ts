import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseQuestion } from '../../../src/cli/question.ts';
import { showName } from '../../../src/dns/name.ts';

function asked(name: string, type = 'A'): string {
  const parsed = parseQuestion(name, type);
  assert.equal(parsed.kind, 'ok', JSON.stringify(parsed));
  return `${showName(parsed.value.name)} ${parsed.value.type}`;
}

function refused(name: string, type = 'A'): string {
  const parsed = parseQuestion(name, type);
  assert.equal(parsed.kind, 'invalid', `${name} ${type} is taken`);
  return parsed.because;
}

describe('a name that is asked for', () => {
  const names: readonly (readonly [text: string, name: string])[] = [
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['.', '.'],
    ['_25._tcp.mx.example.com', '_25._tcp.mx.example.com'],
    ['*.example.com', '*.example.com'],
    ['a\\.b.example', 'a\\.b.example'],
    ['a\\032b.example', 'a\\032b.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['faß.example', 'xn--fa-hia.example'],
    ['_25._tcp.bücher.example.', '_25._tcp.xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['a\\.b.bücher.example', 'a\\.b.xn--bcher-kva.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    // Alone it would be read as an address.
    ['１２.example', '12.example'],
    ['１２', '12'],
  ];
  for (const [text, name] of names) {
    it(`${JSON.stringify(text)} is ${name}`, () => assert.equal(asked(text), `${name} 1`));
  }

  const mistakes: readonly (readonly [text: string, because: RegExp])[] = [
    ['', /^the name is empty; the root is written "\."$/],
    ['a..b', /has an empty label$/],
    ['ü..b', /has an empty label$/],
    [`${'x'.repeat(64)}.example`, /has a label of more than 63 octets$/],
    [`${'ü'.repeat(64)}.example`, /is not a valid international label \(IDNA\)$|more than 63 octets$/],
    [`${'x.'.repeat(128)}x`, /is longer than 255 octets on the wire$/],
    ['a\\999.example', /has an escape or a character that a name cannot have$/],
    ['a b.example', /has an escape or a character that a name cannot have$/],
    // A zero-width joiner where none may stand (RFC 5892, Appendix A.2).
    ['a\u200db.example', /^"a\u200db" in "a\u200db\.example" is not a valid international label \(IDNA\)$/],
    ['1אב.example', /is not a valid international label/],
    ['ü b.example', /^"ü b" in .* is not a valid international label/],
    ['ü/x.example', /is not a valid international label/],
    ['ü%41.example', /is not a valid international label/],
    ['192.0.2.1', /^"192\.0\.2\.1" is an address; its names are at 1\.2\.0\.192\.in-addr\.arpa, type PTR$/],
    ['2001:DB8::1', /its names are at 1\.(?:0\.){23}8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa, type PTR$/],
    ['fe80::1%eth0', /its names are at 1\.(?:0\.){27}0\.8\.e\.f\.ip6\.arpa, type PTR$/],
  ];
  for (const [text, because] of mistakes) {
    it(`${JSON.stringify(text.slice(0, 20))} is none`, () => assert.match(refused(text, 'PTR'), because));
  }

  it('whatever is written, is read or refused with a reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const parsed = parseQuestion(text, 'A');
        if (parsed.kind === 'invalid') assert.notEqual(parsed.because, '');
      }),
    );
  });
});

describe('a type that is asked for', () => {
  it('is a name or a number, in any case', () => {
    assert.deepEqual(
      ['mx', 'MX', 'type15', 'TYPE65280', 'Tlsa'].map((type) => asked('a.test', type)),
      ['a.test 15', 'a.test 15', 'a.test 15', 'a.test 65280', 'a.test 52'],
    );
  });

  for (const [type, because] of [
    ['ANY', /no answer to it can be proven; ask for one type/],
    ['*', /no answer to it can be proven/],
    ['TYPE255', /no answer to it can be proven/],
    ['axfr', /no answer to it can be proven/],
    ['OPT', /no answer to it can be proven/],
    ['TYPE0', /no answer to it can be proven/],
    ['rrsig', /signatures are not signed themselves.*; ask for what they sign$/],
    ['TYPE46', /signatures are not signed themselves/],
    ['MXX', /"MXX" is not a type of records; ask for one type, such as MX or TYPE52$/],
    ['TYPE65536', /is not a type of records/],
    ['', /is not a type of records/],
  ] as const) {
    it(`is not ${JSON.stringify(type)}`, () => assert.match(refused('a.test', type), because));
  }
});

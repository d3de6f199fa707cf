import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { canonicalSteps, hostNames, namesMailbox } from '../../../src/tls/distinguished-name.ts';
import { distinguishedName, step } from '../../support/chains.ts';
import { der } from './forge.ts';

const CN = [0x55, 4, 3];
const O = [0x55, 4, 10];
const EMAIL = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
const name = (...steps: readonly Buffer[]): Buffer => der(0x30, ...steps);

describe('hostNames', () => {
  it('common names that look like a name in the DNS, in their order', () => {
    const both = name(
      step(CN, 'mx.example.test'),
      step(O, 'o.example.test'),
      step(CN, '*.example.test', 0x13),
    );
    assert.deepEqual(hostNames(both), ['mx.example.test', '*.example.test']);
  });

  it('of any kind of string', () => {
    const wide = der(
      0x31,
      der(0x30, der(0x06, Buffer.from(CN)), der(0x1e, Buffer.from('a.test', 'utf16le').swap16())),
    );
    assert.deepEqual(hostNames(name(wide)), ['a.test']);
    assert.deepEqual(hostNames(name(step(CN, 'a.test', 0x16), step(CN, 'b.test', 0x14))), [
      'a.test',
      'b.test',
    ]);
  });

  for (const odd of [
    'Example Authority',
    'localhost',
    'a.test\0',
    'a.test ',
    'a..test',
    'ä.test',
    'a.test, CN=b.test',
    '',
  ]) {
    it(`not ${JSON.stringify(odd)}`, () => assert.deepEqual(hostNames(name(step(CN, odd))), []));
  }

  it('not what is no text, and nothing out of what is no name', () => {
    assert.deepEqual(
      hostNames(name(der(0x31, der(0x30, der(0x06, Buffer.from(CN)), der(0x04, Buffer.from('a.test')))))),
      [],
    );
    assert.deepEqual(hostNames(name(step(CN, '\xff', 0x0c), step(CN, 'a.b'))), ['a.b']);
    assert.deepEqual(hostNames(der(0x31)), []);
    assert.deepEqual(hostNames(Buffer.from([0x30, 5, 1])), []);
  });
});

describe('canonicalSteps, RFC 5280 §7.1', () => {
  it('case, white space and the type of the string make no difference', () => {
    const wanted = canonicalSteps(name(step(O, 'Some Company'), step(CN, 'Root')));
    for (const other of [
      name(step(O, 'some  company'), step(CN, 'ROOT')),
      name(step(O, ' Some Company ', 0x13), step(CN, 'root', 0x16)),
    ])
      assert.deepEqual(canonicalSteps(other), wanted);
  });

  it('anything else does', () => {
    const all = [
      name(step(O, 'A'), step(CN, 'B')),
      name(step(CN, 'B'), step(O, 'A')),
      name(step(O, 'A')),
      name(step(CN, 'A'), step(CN, 'B')),
      name(step(O, 'A"'), step(CN, 'B')),
      distinguishedName(),
    ].map((one) => JSON.stringify(canonicalSteps(one)));
    assert.equal(new Set(all).size, all.length);
  });

  it('the order within one step does not count', () => {
    const attribute = (type: readonly number[], text: string): Buffer =>
      der(0x30, der(0x06, Buffer.from(type)), der(0x0c, Buffer.from(text)));
    const one = name(der(0x31, attribute(O, 'A'), attribute(CN, 'B')));
    const other = name(der(0x31, attribute(CN, 'B'), attribute(O, 'A')));
    assert.deepEqual(canonicalSteps(one), canonicalSteps(other));
  });

  it('octets that are no text are compared as they are', () => {
    const octets = (...value: readonly number[]): Buffer =>
      name(der(0x31, der(0x30, der(0x06, Buffer.from(CN)), der(0x0c, Buffer.from(value)))));
    assert.notDeepEqual(canonicalSteps(octets(0xff)), canonicalSteps(octets(0xfe)));
    assert.deepEqual(canonicalSteps(octets(0xff)), canonicalSteps(octets(0xff)));
  });

  it('is undefined for what is no name, and never throws', () => {
    for (const octets of [der(0x31), name(der(0x30)), name(der(0x31, der(0x31))), Buffer.alloc(0)])
      assert.equal(canonicalSteps(octets), undefined);
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        for (const input of [octets, name(Buffer.from(octets)), name(der(0x31, octets))]) {
          canonicalSteps(input);
          hostNames(input);
          namesMailbox(input);
        }
      }),
    );
  });
});

it('namesMailbox: an address of mail anywhere in the name', () => {
  assert.ok(namesMailbox(name(step(CN, 'A'), step(EMAIL, 'a@example.test', 0x16))));
  assert.ok(!namesMailbox(name(step(CN, 'a@example.test'))));
});

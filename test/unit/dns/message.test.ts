import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMessage, type Message } from '../../../src/dns/message.ts';
import {
  address,
  because,
  bytes,
  opt,
  pointer,
  question,
  raw,
  read,
  record,
  u16,
} from '../../support/dns/raw-message.ts';

describe('decodeMessage', () => {
  it('RFC 1035 §4.1: reads the header, the question and the records', () => {
    const decoded = decodeMessage(raw({ answers: [address], additional: [opt()] }));
    assert.deepEqual(decoded, {
      kind: 'ok',
      rawQuestionName: bytes('\x01A\x04Test\0'),
      message: {
        id: 0x1234,
        response: true,
        authoritative: false,
        truncated: false,
        recursionAvailable: true,
        authenticated: false,
        rcode: 0,
        question: { name: '\x01a\x04test\0', type: 1 },
        answers: [{ name: '\x01a\x04test\0', type: 1, ttl: 60, data: Uint8Array.of(192, 0, 2, 1) }],
        authority: [],
        additional: [],
        edns: { udpSize: 1232, dnssecOk: true, cookie: undefined, errors: [] },
      },
    });
  });

  const flags: readonly [bit: number, key: keyof Message][] = [
    [0x8000, 'response'],
    [0x0400, 'authoritative'],
    [0x0200, 'truncated'],
    [0x0080, 'recursionAvailable'],
    [0x0020, 'authenticated'],
  ];
  for (const [bit, key] of flags) {
    it(`the bit ${bit.toString(16)} is "${key}", and no other is`, () => {
      assert.equal(read(raw({}, { word: bit }))[key], true);
      assert.equal(read(raw({}, { word: ~bit & 0x87ff }))[key], false);
    });
  }

  it('RFC 6891 §6.1.3: the rcode is that of the header with the upper bits of OPT', () => {
    assert.equal(read(raw({}, { word: 0x8003 })).rcode, 3);
    assert.equal(read(raw({ additional: [opt('', '\0', '\x01\0\0\0')] }, { word: 0x8007 })).rcode, 23);
  });

  it('a message without a question has none, and no name of one', () => {
    const decoded = decodeMessage(bytes(`\0\x01\x80\x05${'\0'.repeat(8)}`));
    assert.ok(decoded.kind === 'ok');
    assert.equal(decoded.message.question, undefined);
    assert.equal(decoded.rawQuestionName.length, 0);
  });

  it('RFC 2181 §8: a TTL with the most significant bit set is 0', () => {
    const ttls = ['\x7f\xff\xff\xff', '\x80\0\0\0', '\xff\xff\xff\xff'].map((ttl) =>
      record(1, 'abcd', pointer, ttl),
    );
    assert.deepEqual(
      read(raw({ answers: ttls })).answers.map(({ ttl }) => ttl),
      [0x7fff_ffff, 0, 0],
    );
  });

  it('leaves out records of other classes, whatever is in them', () => {
    const chaos = record(1, 'not an address', pointer, '\0\0\0\0', 3);
    assert.deepEqual(read(raw({ answers: [chaos, address, chaos], additional: [chaos] })).answers.length, 1);
  });

  it('RFC 1035 §4.1.4: a pointer may be to any label of a name that was read, and to nothing else in it', () => {
    const at = (pointed: number): string => record(1, 'abcd', u16(0xc000 | pointed));
    assert.deepEqual(
      read(raw({ answers: [at(12), at(14), at(19)] })).answers.map(({ name }) => name),
      ['\x01a\x04test\0', '\x04test\0', '\0'],
    );
    for (const pointed of [13, 15])
      assert.match(because(decodeMessage(raw({ answers: [at(pointed)] }))), /name of a record/);
  });

  it('a pointer may be to a pointer', () => {
    const owner = u16(0xc000 | (12 + question.length));
    assert.equal(
      read(raw({ answers: [address, record(1, 'abcd', owner)] })).answers[1]?.name,
      '\x01a\x04test\0',
    );
  });

  const malformed: readonly [why: string, octets: Uint8Array, fault: RegExp][] = [
    ['nothing', bytes(''), /shorter than its header/],
    ['half a header', bytes('\0'.repeat(11)), /shorter than its header/],
    ['another opcode', raw({}, { word: 0xa800 }), /its opcode is 5/],
    ['two questions', raw({}, { counts: [2, 0, 0, 0], tail: question }), /more than one question/],
    ['a question of class CH', raw({}, { question: '\x01A\0\0\x01\0\x03' }), /not of class IN/],
    ['a question of class ANY', raw({}, { question: '\x01A\0\0\x01\0\xff' }), /not of class IN/],
    [
      'a question that is cut off',
      raw({}, { question: '\x01A\0\0\x01\0' }),
      /question is malformed or cut off/,
    ],
    [
      'a question whose name is a pointer',
      raw({}, { question: `${pointer}\0\x01\0\x01` }),
      /question is malformed/,
    ],
    [
      'octets behind the last record',
      raw({ answers: [address] }, { tail: '\0' }),
      /octets follow its last record/,
    ],
    [
      'more answers announced than are there',
      raw({ answers: [address] }, { counts: [1, 2, 0, 0] }),
      /name of a record/,
    ],
    [
      'fewer announced than are there',
      raw({ answers: [address, address] }, { counts: [1, 1, 0, 0] }),
      /octets follow/,
    ],
    [
      'a record that is cut off',
      raw({}, { counts: [1, 1, 0, 0], tail: address.slice(0, 9) }),
      /record is cut off/,
    ],
    [
      'RDATA that is cut off',
      raw({}, { counts: [1, 1, 0, 0], tail: address.slice(0, -1) }),
      /record is cut off/,
    ],
    ['half a pointer', raw({}, { counts: [1, 1, 0, 0], tail: '\xc0' }), /name of a record/],
    ['an address of 5 octets', raw({ answers: [record(1, 'abcde')] }), /not what its type, 1, says/],
    ['an MX without a host', raw({ additional: [record(15, '\0\x0a')] }), /not what its type, 15, says/],
    ['OPT among the answers', raw({ answers: [opt()] }), /OPT record is out of place/],
    ['OPT in the authority section', raw({ authority: [opt()] }), /OPT record is out of place/],
    ['RFC 6891 §6.1.1: OPT twice', raw({ additional: [opt(), opt()] }), /there twice/],
    [
      'RFC 6891 §6.1.2: OPT of another name than the root',
      raw({ additional: [opt('', pointer)] }),
      /not of the root/,
    ],
    ['options that do not add up', raw({ additional: [opt('\0\x0a\0\x08')] }), /OPT record is malformed/],
    [
      'RFC 7873 §5.3: a cookie of 9 octets',
      raw({ additional: [opt(`\0\x0a\0\x09${'c'.repeat(9)}`)] }),
      /OPT record/,
    ],
  ];
  for (const [why, octets, fault] of malformed) {
    it(`refuses ${why}`, () => assert.match(because(decodeMessage(octets)), fault));
  }
});

describe('the octets behind a record', () => {
  const mx = record(15, `\0\x0a${pointer}`);

  it('RDATA of a message as UDP brings it is a view of it', () => {
    const octets = raw({ answers: [address] });
    assert.equal(read(octets).answers[0]?.data.buffer, octets.buffer);
  });

  it('a record does not keep what else was in the memory of its message', () => {
    const octets = raw({ answers: [address] });
    const chunk = Buffer.alloc(65_536);
    chunk.set(octets, 1000);
    const data = read(chunk.subarray(1000, 1000 + octets.length)).answers[0]?.data;
    assert.deepEqual(data, Uint8Array.of(192, 0, 2, 1));
    assert.equal(data?.buffer.byteLength, octets.length);
  });

  it('a record of a large message keeps its own octets only', () => {
    const { answers } = read(raw({ answers: [address, mx, ...Array.from({ length: 100 }, () => address)] }));
    for (const { data } of answers) assert.equal(data.buffer.byteLength, data.length);
  });

  it('data is a plain Uint8Array, of a Buffer too', () => {
    const { answers } = read(Buffer.from(raw({ answers: [address, mx] })));
    for (const { data } of answers) assert.equal(Object.getPrototypeOf(data), Uint8Array.prototype);
  });
});

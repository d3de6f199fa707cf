import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { encodeMessage, encodeQuery, type Query } from '../../../src/dns/encode.ts';
import { decodeMessage, type Message } from '../../../src/dns/message.ts';
import { childOf, type Name, root } from '../../../src/dns/name.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const name = childOf('example', childOf('test', root) ?? root) ?? root;
const query: Query = {
  id: 0xabcd,
  question: { name, type: 15 },
  recursionDesired: true,
  checkingDisabled: false,
  authenticData: false,
  edns: undefined,
};
const questionOctets = '07 6578616d706c65 04 74657374 00 000f 0001';

/** Objects as literals make them. */
const plain = { noNullPrototype: true };

describe('encodeQuery', () => {
  it('RFC 1035 §4.1: writes header and question', () => {
    assert.deepEqual(encodeQuery(query), hex(`abcd 0100 0001 0000 0000 0000 ${questionOctets}`));
  });

  it('sets the bits that are asked for: RD, AD, CD', () => {
    const word = (some: Partial<Query>): Uint8Array =>
      encodeQuery({ ...query, recursionDesired: false, ...some }).subarray(2, 4);
    assert.deepEqual(word({}), hex('0000'));
    assert.deepEqual(word({ recursionDesired: true }), hex('0100'));
    assert.deepEqual(word({ authenticData: true }), hex('0020'));
    assert.deepEqual(word({ checkingDisabled: true }), hex('0010'));
  });

  it('RFC 6891 §6.1: writes OPT with DO and a cookie', () => {
    const edns = { udpSize: 1232, dnssecOk: true, cookie: hex('0102030405060708') };
    const octets = encodeQuery({ ...query, edns });
    const opt = '00 0029 04d0 00 00 8000 000c 000a 0008 0102030405060708';
    assert.deepEqual(octets, hex(`abcd 0100 0001 0000 0000 0001 ${questionOctets} ${opt}`));
    const bare = encodeQuery({ ...query, edns: { udpSize: 512, dnssecOk: false, cookie: undefined } });
    assert.deepEqual(bare.subarray(-11), hex('00 0029 0200 00 00 0000 0000'));
  });

  it('asks in the spelling that is given (0x20)', () => {
    const rawName = latin1('\x07eXaMpLe\x04TeSt\0');
    const decoded = decodeMessage(encodeQuery({ ...query, rawName }));
    assert.ok(decoded.kind === 'ok');
    assert.deepEqual(decoded.rawQuestionName, rawName);
    assert.deepEqual(decoded.message.question, query.question);
    assert.equal(decoded.message.response, false);
  });
});

const label = fc.string({
  unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 20,
});
const anyName: fc.Arbitrary<Name> = fc
  .array(label, { maxLength: 4 })
  .map((labels) => labels.reduce<Name>((below, one) => childOf(one, below) ?? root, root));
/** Types whose RDATA is any octets; the rest is in the tests of recordings. */
const record = fc.record(
  {
    name: anyName,
    type: fc.constantFrom(16, 43, 48, 50, 52, 65_280),
    ttl: fc.nat({ max: 0x7fff_ffff }),
    data: fc.uint8Array({ maxLength: 40 }),
  },
  plain,
);
const records = fc.array(record, { maxLength: 3 });
const edns = fc.record(
  {
    udpSize: fc.nat({ max: 65_535 }),
    dnssecOk: fc.boolean(),
    cookie: fc.constantFrom(undefined, new Uint8Array(8), new Uint8Array(40)),
    errors: fc.constantFrom([], [{ code: 6, text: 'why' }]),
  },
  plain,
);
const message: fc.Arbitrary<Message> = fc
  .record(
    {
      id: fc.nat({ max: 65_535 }),
      response: fc.boolean(),
      authoritative: fc.boolean(),
      truncated: fc.boolean(),
      recursionAvailable: fc.boolean(),
      authenticated: fc.boolean(),
      rcode: fc.nat({ max: 4095 }),
      question: fc.option(fc.record({ name: anyName, type: fc.nat({ max: 65_535 }) }, plain), {
        nil: undefined,
      }),
      answers: records,
      authority: records,
      additional: records,
      edns: fc.option(edns, { nil: undefined }),
    },
    plain,
  )
  .map((one) => (one.edns === undefined ? { ...one, rcode: one.rcode & 15 } : one));

describe('encodeMessage', () => {
  it('writes any message so that it is read as the same', () => {
    fc.assert(
      fc.property(message, (one) => {
        const decoded = decodeMessage(encodeMessage(one));
        assert.deepEqual(decoded.kind === 'ok' ? decoded.message : decoded, one);
      }),
      { numRuns: 500 },
    );
  });

  const empty: Message = {
    id: 1,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: false,
    authenticated: false,
    rcode: 0,
    question: undefined,
    answers: [],
    authority: [],
    additional: [],
    edns: undefined,
  };

  it('throws for an rcode that only EDNS can carry where there is none', () => {
    assert.throws(() => encodeMessage({ ...empty, rcode: 16 }), RangeError);
  });

  it('writes 65535 octets and throws for more', () => {
    const answer = (octets: number): Message => ({
      ...empty,
      answers: [{ name: root, type: 16, ttl: 0, data: new Uint8Array(octets) }],
    });
    assert.equal(encodeMessage(answer(65_535 - 12 - 11)).length, 65_535);
    assert.throws(() => encodeMessage(answer(65_536 - 12 - 11)), RangeError);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decodeMessage, type Message } from '../../../../src/dns/message.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import {
  buildQuery,
  fitOf,
  hasLetters,
  type Manner,
  type Query,
  type Wishes,
} from '../../../../src/net/dns/query.ts';
import { answerTo, question, readQuery } from '../../../support/dns/server.ts';

const wishes: Wishes = { checkingDisabled: true, authenticData: false, dnssecOk: true };
const entropy = entropyFrom((octets) => globalThis.crypto.getRandomValues(new Uint8Array(octets)));
const inLowerCase: Manner = { edns: true, cookie: undefined, spelling: undefined };
const FAR = question('mail.far-away.example', 15);

function read(query: Query): Message {
  const decoded = decodeMessage(query.bytes);
  return decoded.kind === 'ok' ? decoded.message : assert.fail(decoded.because);
}

function received(query: Query): Parameters<typeof answerTo>[0] {
  return readQuery(query.bytes, 'udp', 0, 0) ?? assert.fail('no query');
}

describe('a query', () => {
  it('asks for recursion, with EDNS of 1232 octets and what is wished', () => {
    const query = buildQuery(FAR, wishes, { ...inLowerCase, cookie: Buffer.alloc(8, 7) });
    const { recursionDesired, checkingDisabled, authenticData, edns, question: asked } = received(query);
    assert.deepEqual([recursionDesired, checkingDisabled, authenticData], [true, true, false]);
    assert.deepEqual(asked, FAR);
    assert.equal(edns?.udpSize, 1232);
    assert.equal(edns.dnssecOk, true);
    assert.deepEqual(
      [...(edns.cookie ?? [])],
      Array.from({ length: 8 }, () => 7),
    );
  });

  it('RFC 6840 §5.7: AD, to be told of the AD bit without the records', () => {
    const query = buildQuery(
      FAR,
      { checkingDisabled: false, authenticData: true, dnssecOk: false },
      inLowerCase,
    );
    const { checkingDisabled, authenticData, edns } = received(query);
    assert.deepEqual([checkingDisabled, authenticData, edns?.dnssecOk], [false, true, false]);
  });

  it('has no OPT record for a resolver that knows no EDNS', () => {
    assert.equal(read(buildQuery(FAR, wishes, { ...inLowerCase, edns: false })).edns, undefined);
  });

  it('is spelled anew each time, in letters only, and stays the same name', () => {
    const spellings = new Set<string>();
    const upper = new Map<number, number>();
    for (let index = 0; index < 500; index += 1) {
      const query = buildQuery(FAR, wishes, { ...inLowerCase, spelling: entropy });
      const { question: asked, spelling } = received(query);
      assert.deepEqual(asked, FAR);
      assert.equal(spelling.toLowerCase(), FAR.name);
      spellings.add(spelling);
      for (const [at, letter] of spelling.split('').entries()) {
        if (letter >= 'A' && letter <= 'Z') upper.set(at, (upper.get(at) ?? 0) + 1);
      }
    }
    assert.ok(spellings.size > 490, `${spellings.size} of 500`);
    // Each letter, and not only some of them, in about half of all queries.
    assert.equal(upper.size, FAR.name.replace(/[^a-z]/g, '').length);
    for (const [at, times] of upper) assert.ok(times > 150 && times < 350, `letter ${at}: ${times}`);
  });

  it('whether a name has letters', () => {
    assert.equal(hasLetters(question('1.2.3', 1)), false);
    assert.equal(hasLetters(question('.', 1)), false);
    assert.equal(hasLetters(question('1.a', 1)), true);
  });
});

describe('an answer', () => {
  const query = buildQuery(FAR, wishes, { ...inLowerCase, spelling: entropy });
  const asked = received(query);
  const other = (changed: Parameters<typeof answerTo>[1]): Uint8Array => answerTo(asked, changed);
  const swapped = asked.spelling
    .split('')
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()));

  it('fits with the very same question', () => assert.equal(fitOf(query, other({})), 'same'));

  it('fits but for the case', () => {
    assert.equal(fitOf(query, other({ spelling: swapped.join('') })), 'other-case');
    const one = asked.spelling.split('');
    one[1] = swapped[1] ?? '';
    assert.equal(fitOf(query, other({ spelling: one.join('') })), 'other-case');
  });

  it('has no question', () =>
    assert.equal(fitOf(query, other({ question: undefined, rcode: 1 })), 'no-question'));

  it('is no answer to it', () => {
    const notOne = (change: (bytes: Uint8Array) => void): Uint8Array => {
      const bytes = other({});
      change(bytes);
      return bytes;
    };
    for (const [why, reply] of [
      ['another type', other({ question: { ...FAR, type: 1 } })],
      ['another name of the same length', other({ spelling: asked.spelling.replace(/far/i, 'bar') })],
      ['a longer name', other({ question: question('x.mail.far-away.example', 15), spelling: '' })],
      ['a query', notOne((bytes) => (bytes[2] = 0x01))],
      ['another opcode', notOne((bytes) => (bytes[2] = 0x81 | 0x20))],
      ['two questions', notOne((bytes) => (bytes[5] = 2))],
      ['65,536 questions too few', notOne((bytes) => (bytes[4] = 1))],
      ['another class', notOne((bytes) => (bytes[query.questionEnd - 1] = 3))],
      ['a hyphen that lacks the bit of the case', notOne((bytes) => (bytes[21] = (bytes[21] ?? 0) & ~0x20))],
      ['a header only', other({}).subarray(0, 12)],
      ['half a header', other({}).subarray(0, 11)],
      ['nothing', new Uint8Array()],
    ] as const) {
      assert.equal(fitOf(query, reply), 'other', why);
    }
  });

  it('nor is one to a type that differs by the bit of the case: A is no letter there', () => {
    // HTTPS is 0x41, the letter A.
    const https = buildQuery({ ...FAR, type: 0x41 }, wishes, inLowerCase);
    assert.equal(fitOf(https, answerTo(received(https), { question: { ...FAR, type: 0x61 } })), 'other');
  });

  it('whatever comes is looked at to its end and no further', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void fitOf(query, bytes)));
  });
});

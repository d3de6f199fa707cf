import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NetworkError, networkError } from '../../../src/net/error.ts';
import { startReach } from '../../../src/relay/reach.ts';

const six = { address: '2001:db8::1' };
const otherSix = { address: '2001:db8::2' };
const four = { address: '192.0.2.1' };
const otherFour = { address: '192.0.2.2' };
const all = [six, otherSix, four, otherFour];

const silence = new NetworkError('timeout', 'no answer');
const failed = (code: string): NetworkError =>
  networkError('connecting', Object.assign(new Error(code), { code }));

function reach() {
  const clock = { now: 1_000 };
  return { clock, ...startReach(() => clock.now) };
}

describe('the order of addresses', () => {
  it('is as given where nothing is known, without a copy', () => {
    const one = reach();
    assert.equal(one.inOrder(all, null), all);
  });

  it('RFC 5321 §4.5.4.1: one that was silent comes last for five minutes', () => {
    const one = reach();
    one.missed(six.address, silence, null);
    assert.deepEqual(one.inOrder(all, null), [otherSix, four, otherFour, six]);
    one.clock.now += 5 * 60_000;
    assert.equal(one.inOrder(all, null), all);
  });

  it('a family to which nothing leads from here comes last for a minute', () => {
    for (const code of ['ENETUNREACH', 'EAFNOSUPPORT', 'EADDRNOTAVAIL']) {
      const one = reach();
      one.missed(six.address, failed(code), null);
      assert.deepEqual(one.inOrder(all, null), [four, otherFour, six, otherSix], code);
      one.clock.now += 60_000;
      assert.equal(one.inOrder(all, null), all);
    }
  });

  it('says nothing of a family where our ports have run out, or where the operator chose our address', () => {
    const one = reach();
    one.missed(four.address, failed('EADDRNOTAVAIL'), null);
    one.missed(six.address, failed('ENETUNREACH'), '2001:db8::25');
    assert.equal(one.inOrder(all, null), all);
  });

  it('one where nothing listens comes last for some seconds: each message would find that out anew', () => {
    const one = reach();
    one.missed(six.address, failed('ECONNREFUSED'), null);
    assert.deepEqual(one.inOrder(all, null), [otherSix, four, otherFour, six]);
    one.clock.now += 15_000;
    assert.equal(one.inOrder(all, null), all);
  });

  it('says nothing of an address at which a connection broke', () => {
    const one = reach();
    one.missed(six.address, failed('ECONNRESET'), null);
    assert.equal(one.inOrder(all, null), all);
  });

  it('what answers is first again, and its family', () => {
    const one = reach();
    one.missed(six.address, silence, null);
    one.missed(six.address, failed('ENETUNREACH'), null);
    one.reached(six.address);
    assert.equal(one.inOrder(all, null), all);
  });

  it('where nobody was reached lately everybody is tried, in the order that was given', () => {
    const one = reach();
    for (const { address } of all) one.missed(address, silence, null);
    assert.deepEqual(one.inOrder(all, null), all);
  });

  it('addresses of the family of our own come first where that was chosen', () => {
    const one = reach();
    assert.deepEqual(one.inOrder(all, '192.0.2.25'), [four, otherFour, six, otherSix]);
    assert.deepEqual(one.inOrder(all, '2001:db8::25'), all);
  });

  it('ends with an operator who asks for a retry, and where the clock goes back', () => {
    const one = reach();
    one.missed(six.address, silence, null);
    one.clock.now -= 1;
    assert.equal(one.inOrder(all, null), all);
    one.clock.now += 1;
    assert.notEqual(one.inOrder(all, null), all);
    one.forget();
    assert.equal(one.inOrder(all, null), all);
  });

  it('is bounded in number: the oldest is forgotten', () => {
    const one = reach();
    one.missed(six.address, silence, null);
    for (let index = 0; index < 9_999; index++)
      one.missed(`2001:db8:1::${index.toString(16)}`, silence, null);
    assert.notEqual(one.inOrder(all, null), all);
    one.missed('2001:db8:2::1', silence, null);
    assert.equal(one.inOrder(all, null), all);
  });
});

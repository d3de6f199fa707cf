import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { noBounces, openBounceAddresses } from '../../../src/relay/bounce-addresses.ts';
import { mailboxOf } from '../../support/incoming.ts';

const NOW = 20_000.5 * 86_400_000;
const key = { hash: (text: string) => createHmac('sha256', 'secret').update(text).digest() };
const addresses = ['owner@list.test', 'owner-news@list.test'].map(mailboxOf);
const ours = openBounceAddresses({ ...noBounces, addresses, key }, () => NOW);

function read(address: string): string {
  const found = ours.read(mailboxOf(address));
  if (found === undefined) return 'none';
  return `${found.sender.text} ${found.verp === null ? 'itself' : `${found.verp.proof} ${found.verp.recipient?.text}`}`;
}

describe('a bounce address', () => {
  it('tags its copies, and knows them again', () => {
    const made = ours.senderFor('owner@list.test', 'anna@far.test', '+=');
    assert.match(made, /^owner\+anna=far\.test\+[a-z2-7]{10}@list\.test$/);
    assert.equal(read(made), 'owner@list.test ours anna@far.test');
  });

  it('is meant by the longer of two names that fit', () => {
    assert.equal(read('owner-news+anna=far.test@list.test'), 'owner-news@list.test untagged anna@far.test');
    assert.equal(read('owner-new+anna=far.test@list.test'), 'owner@list.test untagged new+anna@far.test');
  });

  it('is one itself, however it is written', () => {
    assert.equal(read('Owner@list.test'), 'owner@list.test itself');
    assert.equal(ours.has(mailboxOf('OWNER@list.test')), true);
    assert.equal(ours.has(mailboxOf('owner@other.test')), false);
    assert.equal(read('anna@list.test'), 'none');
  });

  it('names the recipient alone where a tag has no room, and nobody where he has none', () => {
    const senderOf = (length: number): string =>
      ours.senderFor('owner@list.test', `${'a'.repeat(length)}@far.test`, '+=');
    assert.match(senderOf(38), /^owner\+a{38}=far\.test\+[a-z2-7]{10}@list\.test$/);
    assert.match(senderOf(39), /^owner\+a{39}=far\.test@list\.test$/);
    assert.match(senderOf(49), /^owner\+a{49}=far\.test@list\.test$/);
    assert.equal(senderOf(50), 'owner@list.test');
  });
});

it('senders that are none get no tag, and neither has anybody where there is no secret', () => {
  assert.equal(ours.senderFor('a@own.test', 'b@far.test', '-='), 'a-b=far.test@own.test');
  const untagged = openBounceAddresses({ ...noBounces, addresses }, () => NOW);
  assert.equal(untagged.senderFor('owner@list.test', 'b@far.test', '+='), 'owner+b=far.test@list.test');
});

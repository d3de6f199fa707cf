import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { areDelimiters, readVerp, type VerpKey, type VerpRules, verpSender } from '../../../src/mail/verp.ts';
import { mailboxOf } from '../../support/incoming.ts';

const DAY = 86_400_000;
const NOW = 20_000.5 * DAY;
const keyOf = (secret: string): VerpKey => ({
  hash: (text) => createHmac('sha256', secret).update(text).digest(),
});
const key = keyOf('secret');
const owner = mailboxOf('owner-list@lists.test');
const rules: VerpRules = { delimiters: '+=', filter: '-=+', key };

function made(recipient: string, tagged = true, at = NOW, delimiters = '+='): string {
  const sender = verpSender(owner, mailboxOf(recipient), delimiters, tagged ? { key, at } : undefined);
  return sender?.text ?? assert.fail('there is no room for it');
}

function read(address: string, at = NOW, how: Partial<VerpRules> = {}): string {
  const verp = readVerp(mailboxOf(address), owner, at, { ...rules, ...how });
  return verp === undefined ? 'none' : `${verp.proof} ${verp.recipient?.text ?? null}`;
}

describe('the sender of a copy', () => {
  it('names the recipient as Postfix does', () => {
    // What Postfix 3.7.11 made of XVERP=+= in test/peers/verp.test.ts.
    assert.equal(made('anna@example.test', false), 'owner-list+anna=example.test@lists.test');
    assert.equal(made('bob.x-y=z@example.test', false), 'owner-list+bob.x-y=z=example.test@lists.test');
    assert.equal(made('anna@example.test', false, NOW, '=-'), 'owner-list=anna-example.test@lists.test');
  });

  it('ends in a day and a hash where what comes back is read here', () => {
    // 20,000 days are 19 * 1,024 + 544, and 544 is 17 * 32: r, a.
    assert.match(made('anna@example.test'), /^owner-list\+anna=example\.test\+ra[a-z2-7]{8}@lists\.test$/);
  });

  it('RFC 5321 §4.5.3.1.1: is none where the local part would be longer than 64 octets', () => {
    const fits = `${'a'.repeat(64 - 'owner-list+=example.test'.length)}@example.test`;
    assert.ok(verpSender(owner, mailboxOf(fits), '+='));
    assert.equal(verpSender(owner, mailboxOf(`a${fits}`), '+='), undefined);
    assert.equal(verpSender(owner, mailboxOf(fits), '+=', { key, at: NOW }), undefined);
  });

  it('is none for a recipient whose name has to be quoted, or who is at an address', () => {
    assert.equal(verpSender(owner, mailboxOf('"a b"@example.test'), '+='), undefined);
    assert.equal(verpSender(owner, mailboxOf('a@[192.0.2.1]'), '+='), undefined);
  });
});

describe('what comes back', () => {
  it('names its recipient, and proves that we wrote to him', () => {
    for (const recipient of ['anna@example.test', 'x+y-z=w@a-b.test', 'a=b@example.test', 'jürgen@far.test'])
      for (const delimiters of ['+=', '-=', '=+', '--', '++'])
        assert.equal(read(made(recipient, true, NOW, delimiters)), `ours ${recipient}`);
  });

  it('names whoever it was made for, whatever his name', () => {
    const local = fc.stringMatching(/^[a-z0-9+=_-]{1,18}$/);
    const domain = fc.stringMatching(/^[a-z0-9]{1,6}-?[a-z0-9]{1,4}\.test$/);
    fc.assert(
      fc.property(local, domain, fc.constantFrom('+=', '-=', '==', '--', '=+'), (name, at, delimiters) => {
        const recipient = `${name}@${at}`;
        assert.equal(read(made(recipient, true, NOW, delimiters)), `ours ${recipient}`);
        const untagged = made(recipient, false, NOW, delimiters);
        assert.match(read(untagged, NOW, { delimiters, key: null }), /^untagged /);
      }),
    );
  });

  it('is known although the way has lost the case of its letters', () => {
    assert.equal(read(made('Anna@example.test').toLowerCase()), 'ours anna@example.test');
    assert.equal(read(made('anna@example.test').toUpperCase()), 'ours ANNA@example.test');
  });

  it('proves nothing after 21 days, nor where it is of tomorrow', () => {
    const address = made('anna@example.test');
    assert.equal(read(address, NOW + 21 * DAY), 'ours anna@example.test');
    assert.equal(read(address, NOW + 22 * DAY), 'old anna@example.test');
    assert.equal(read(address, NOW - DAY), 'old anna@example.test');
  });

  it('proves nothing where anything in it was changed', () => {
    const address = made('anna@example.test');
    for (const [from, to] of [
      ['anna', 'bert'],
      ['example', 'examplf'],
      ['+ra', '+rb'],
      ['owner-list+', 'owner-list='],
    ] as const)
      assert.doesNotMatch(read(address.replace(from, to)), /^ours/);
    assert.equal(read(address, NOW, { key: keyOf('another') }), 'forged anna@example.test');
    const other = mailboxOf('other-list@lists.test');
    const moved = mailboxOf(address.replace('owner-list', 'other-list'));
    assert.equal(readVerp(moved, other, NOW, rules)?.proof, 'forged');
  });

  it('is nobody else’s to make, whatever the tag', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z2-7]{10}$/), (tag) => {
        assert.match(read(`owner-list+anna=example.test+${tag}@lists.test`), /^forged/);
      }),
      { numRuns: 300 },
    );
  });

  it('names its recipient without proof where there is no tag', () => {
    assert.equal(read('owner-list+anna=example.test@lists.test'), 'untagged anna@example.test');
    assert.equal(read('owner-list+a=b=example.test@lists.test'), 'untagged a=b@example.test');
    assert.equal(read('owner-list+anything@lists.test'), 'untagged null');
    assert.equal(read(made('anna@example.test'), NOW, { key: null }), 'untagged null');
  });

  it('is read as nothing where it was not made of that sender', () => {
    for (const address of [
      'owner-list@lists.test',
      'owner-lists+a=b.test@lists.test',
      'owner-list.a=b.test@lists.test',
      'owner-list+a=b.test@other.test',
      'owner@lists.test',
    ])
      assert.equal(read(address), 'none', address);
  });
});

it('delimiters are two characters that the operator allows', () => {
  for (const text of ['+=', '--', '=+']) assert.equal(areDelimiters(text, '-=+'), true);
  for (const text of ['', '+', '+=-', '+#', 'ab']) assert.equal(areDelimiters(text, '-=+'), false);
});

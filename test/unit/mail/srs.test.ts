import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { forwardedSender, returnedTo, type SrsKey } from '../../../src/mail/srs.ts';
import { mailboxOf } from '../../support/incoming.ts';
import { domain } from '../../support/relay.ts';

const DAY = 86_400_000;
const NOW = 20_000.5 * DAY;

const keyOf = (host: string, secret = 'secret'): SrsKey => ({
  domain: domain(host),
  hash: (text) => createHmac('sha256', secret).update(text).digest('base64'),
});
const key = keyOf('fwd.test');

function forwarded(sender: string, by = key, at = NOW): string {
  return forwardedSender(mailboxOf(sender), at, by)?.text ?? assert.fail(`${sender} was not rewritten`);
}

function back(address: string, by = key, at = NOW): string {
  const returned = returnedTo(mailboxOf(address), at, by);
  return returned.kind === 'to' ? returned.mailbox.text : returned.kind;
}

describe('SRS0', () => {
  it('has the form of libsrs2: hash, day in base 32, domain, local part', () => {
    // 20,000 days are 19 * 1,024 + 544, and 544 is 17 * 32: R, A.
    assert.match(forwarded('anna@example.test'), /^SRS0=[A-Za-z0-9+/]{6}=RA=example\.test=anna@fwd\.test$/);
  });

  it('leads back to the sender', () => {
    for (const sender of [
      'anna@example.test',
      'a.b+c=d@example.test',
      'SRS@example.test',
      'x-y@sub.example.test',
    ])
      assert.equal(back(forwarded(sender)), sender);
  });

  it('leads back where the way has lost the case of its letters', () => {
    assert.equal(back(forwarded('Anna@example.test').toLowerCase()), 'anna@example.test');
    assert.equal(back(forwarded('Anna@example.test').toUpperCase()), 'ANNA@example.test');
  });

  it('holds for 21 days, also over the end of a cycle of 1,024', () => {
    for (const at of [NOW, 1_023 * DAY, 1_023.9 * DAY, 2_047 * DAY]) {
      const address = forwarded('anna@example.test', key, at);
      assert.equal(back(address, key, at + 21 * DAY), 'anna@example.test');
      assert.equal(back(address, key, at + 22 * DAY), 'invalid');
      assert.equal(back(address, key, at - DAY), 'invalid');
    }
  });

  it('is nobody else’s to make: each change of it is found out', () => {
    const address = forwarded('anna@example.test');
    const [hash = ''] = /(?<=SRS0=)[^=]+/.exec(address) ?? [];
    const forgeries = [
      address.replace(hash, hash.slice(0, 5)),
      address.replace(hash, `${hash}A`),
      address.replace(`${hash}=`, '='),
      address.replace(hash, 'AAAAAA'),
      address.replace('=RA=', '=RB='),
      address.replace('example', 'examplf'),
      address.replace('anna', 'anne'),
      address.replace('=anna', '=x=anna'),
      'SRS0=anna@fwd.test',
      'SRS0=a=b=c@fwd.test',
      forwarded('anna@example.test', keyOf('fwd.test', 'other')),
    ];
    for (const forgery of forgeries) assert.equal(back(forgery), 'invalid', forgery);
  });
});

describe('SRS1', () => {
  const second = keyOf('second.test', 'other');
  const third = keyOf('third.test', 'third');
  const once = forwarded('anna@example.test');

  it('stands for another forwarder’s address, and leads back to that forwarder', () => {
    const twice = forwarded(once, second);
    assert.match(twice, /^SRS1=[^=]{6}=fwd\.test==[^=]{6}=RA=example\.test=anna@second\.test$/);
    assert.equal(back(twice, second), once);
    assert.equal(back(back(twice, second)), 'anna@example.test');
  });

  it('does not grow: a third forwarder writes its own hash, and leads back to the first', () => {
    const thrice = forwarded(forwarded(once, second), third);
    assert.match(thrice, /^SRS1=[^=]{6}=fwd\.test==/);
    assert.equal(back(thrice, third), once);
  });

  it('keeps the separator of whoever wrote the first one', () => {
    const other = 'SRS0+abcd=RA=example.test=anna@fwd.test';
    assert.equal(back(forwarded(other, second), second), other);
  });

  it('is found out where it was changed', () => {
    const twice = forwarded(once, second);
    for (const forgery of [
      twice.replace('fwd', 'evil'),
      twice.replace('anna', 'anne'),
      'SRS1=a=b@second.test',
    ])
      assert.equal(back(forgery, second), 'invalid');
  });
});

it('an address that does not look like one is none', () => {
  for (const address of ['anna@fwd.test', 'SRS@fwd.test', 'SRS2=a@fwd.test', 'SRS0anna@fwd.test'])
    assert.equal(back(address), 'other');
});

it('RFC 5321 §4.5.3.1.1: what would be longer than 64 octets is not rewritten', () => {
  assert.equal(forwardedSender(mailboxOf(`${'a'.repeat(40)}@example.test`), NOW, key), undefined);
  assert.equal(forwardedSender(mailboxOf('"a b"@example.test'), NOW, key), undefined);
  assert.equal(forwardedSender(mailboxOf('anna@[192.0.2.1]'), NOW, key), undefined);
});

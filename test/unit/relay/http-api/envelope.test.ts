import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailbox } from '../../../../src/names/mailbox.ts';
import {
  directionsInMessage,
  directionsInQuery,
  envelopeNames,
  envelopeOf,
  forbiddenHeader,
  forbiddenSender,
} from '../../../../src/relay/http-api/envelope.ts';
import { messageSchema } from '../../../../src/relay/http-api/message-json.ts';
import { readQuery } from '../../../../src/relay/http-api/query.ts';
import { madeKey } from '../../../support/http-api.ts';
import { domain } from '../../../support/relay.ts';

function ofQuery(text: string, most = 9) {
  const query = readQuery(`/x?${text}`, envelopeNames.single, envelopeNames.several);
  assert.ok(query.kind === 'ok');
  return directionsInQuery(query, most);
}

function ofMessage(parts: Readonly<Record<string, unknown>>, most = 9) {
  return directionsInMessage(messageSchema.parse({ from: 'a@o.test', ...parts }), most);
}

function mailbox(text: string) {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

describe('directions in a query', () => {
  it('name sender, recipients, wishes and terms', () => {
    const directions = ofQuery(
      'from=a@o.test&to=b@f.test&to=c@f.test&tls=requiretls&tell=outcome&notify=success,delay',
    );
    assert.ok(directions.kind === 'ok');
    assert.deepEqual(
      [directions.from?.text, directions.to.map(({ text }) => text), directions.notify, directions.terms],
      ['a@o.test', ['b@f.test', 'c@f.test'], ['success', 'delay'], { tls: 'requiretls', tellOutcome: true }],
    );
    const envelope = envelopeOf(directions, { account: 'shop', address: '2001:db8::1', tls: undefined });
    assert.deepEqual(
      [envelope.hello, envelope.requireTls, envelope.account, envelope.recipients[1]?.wishes.notify],
      ['[IPv6:2001:db8::1]', true, 'shop', ['success', 'delay']],
    );
  });

  it('ask for senders of their own for the copies', () => {
    const asked = ofQuery('from=a@o.test&to=b@f.test&verp=yes');
    assert.ok(asked.kind === 'ok');
    const asker = { account: 'shop', address: '192.0.2.1', tls: undefined };
    assert.equal(envelopeOf(asked, asker).verp, '');
    assert.equal(envelopeOf({ ...asked, verp: false }, asker).verp, undefined);
    assert.equal(ofQuery('from=a@o.test&to=b@f.test&verp=1').kind, 'refused');
  });

  it('say never, or nothing', () => {
    const never = ofQuery('from=&to=b@f.test&notify=never');
    assert.ok(never.kind === 'ok');
    assert.deepEqual([never.from, never.notify], [null, []]);
    const nothing = ofQuery('from=&to=b@f.test');
    assert.ok(nothing.kind === 'ok');
    assert.deepEqual([nothing.notify, nothing.terms], [null, { tls: null, tellOutcome: false }]);
  });

  it('need SMTPUTF8 where an address does (RFC 6531 §3.4)', () => {
    const ascii = ofQuery('from=a@o.test&to=b@f.test');
    const utf8 = ofQuery('from=a@o.test&to=j%C3%BCrgen@f.test');
    assert.ok(ascii.kind === 'ok' && utf8.kind === 'ok');
    assert.deepEqual([ascii.utf8, utf8.utf8], [false, true]);
  });
});

describe('directions in a message', () => {
  it('are its header, or its envelope', () => {
    const header = ofMessage({ to: 'b@f.test', cc: 'c@f.test', bcc: 'd@f.test' });
    assert.ok(header.kind === 'ok');
    assert.deepEqual(
      header.to.map(({ text }) => text),
      ['b@f.test', 'c@f.test', 'd@f.test'],
    );
    const envelope = ofMessage({ to: 'b@f.test', envelope: { from: '', to: ['e@f.test'] } });
    assert.ok(envelope.kind === 'ok');
    assert.deepEqual([envelope.from, envelope.to.map(({ text }) => text)], [null, ['e@f.test']]);
  });

  it('name at least one recipient, and no more than there may be', () => {
    assert.equal(ofMessage({}).kind, 'refused');
    assert.equal(ofMessage({ to: ['b@f.test', 'c@f.test'] }, 2).kind, 'ok');
    const many = ofMessage({ to: ['b@f.test', 'c@f.test'], bcc: 'd@f.test' }, 2);
    assert.ok(many.kind === 'refused' && many.limit === 2);
  });
});

describe('a key with senders', () => {
  const { settings } = madeKey('shop', ['send'], { senders: [{ kind: 'domain', domain: domain('o.test') }] });

  it('sends as these, and not as nobody', () => {
    assert.equal(forbiddenSender([mailbox('x@o.test')], settings), undefined);
    assert.equal(
      forbiddenSender([mailbox('x@o.test'), mailbox('x@sub.o.test')], settings)?.error,
      'the key shop may not send as x@sub.o.test',
    );
    assert.equal(forbiddenSender([null], settings)?.status, 403);
    assert.equal(forbiddenSender([null], madeKey('free').settings), undefined);
  });

  it('has no other author in the header, whatever its line ends', () => {
    const fault = (text: string) => forbiddenHeader(Buffer.from(text), settings)?.status;
    assert.equal(fault('From: x@o.test\r\n\r\n'), undefined);
    assert.equal(fault('Subject: y\nFrom: X <x@o.test>\n\nFrom: x@bank.test'), undefined);
    assert.equal(fault('From: x@bank.test\n\n'), 403);
    assert.equal(fault('From: x@o.test\nFrom: x@bank.test\n\n'), 403);
    assert.equal(fault('From: x@o.test\nSender: x@bank.test\n\n'), 403);
    assert.equal(fault('Subject: nobody\n\n'), 403);
    assert.equal(
      fault(`X: ${'y'.repeat(70_000)}\nFrom: x@o.test\n\n`),
      403,
      'what was not seen is not trusted',
    );
    assert.equal(forbiddenHeader(Buffer.from('From: x@bank.test\n\n'), madeKey('free').settings), undefined);
  });
});

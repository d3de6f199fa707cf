import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultHeaderLimits, readHeaderSection } from '../../../src/mail/headers.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import { type Arrival, arrivalEvents, frontFields } from '../../../src/relay/arrival.ts';

function mailbox(text: string) {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const arrival: Arrival = {
  id: 'mi9abc',
  at: Date.UTC(2026, 10, 22, 2, 54, 8),
  submitter: { address: '192.0.2.7', by: 'smtp', role: 'submission', requires: 'none', trusted: false },
  envelope: {
    hello: 'client.test',
    extended: true,
    tls: undefined,
    account: null,
    sender: null,
    smtpUtf8: false,
    wishes: noSenderWishes,
    recipients: ['a@example.test', 'b@example.test'].map((text) => ({
      mailbox: mailbox(text),
      wishes: noRecipientWishes,
    })),
  },
  hostname: mailbox('x@relay.test').at,
};

describe('what is put in front', () => {
  const section = readHeaderSection(Buffer.from('Date: x\r\nMessage-ID: y\r\n\r\n'), defaultHeaderLimits);
  const received = (changes: Partial<Arrival['envelope']>): string => {
    return frontFields({ ...arrival, envelope: { ...arrival.envelope, ...changes } }, section).replaceAll(
      '\r\n ',
      ' ',
    );
  };

  it('names the client, ourselves and the id', () => {
    assert.match(
      received({}),
      /^Received: from client\.test \(\[192\.0\.2\.7\]\) by relay\.test with ESMTP id mi9abc; /,
    );
  });

  it('says that somebody was logged in, and not who', () => {
    const text = received({ account: 'anna' });
    assert.match(text, / with ESMTPA id /);
    assert.doesNotMatch(text, /anna/);
  });

  it('says that SMTPUTF8 was declared', () =>
    assert.match(received({ smtpUtf8: true }), / with UTF8SMTP id /));
});

describe('the events', () => {
  it('are one for each recipient, and say how the message came', () => {
    const events = arrivalEvents(arrival);
    assert.deepEqual(
      events.map(({ event, id, from, to }) => [event, id, from, to]),
      [
        ['received', 'mi9abc', '', 'a@example.test'],
        ['received', 'mi9abc', '', 'b@example.test'],
      ],
    );
    assert.deepEqual(
      [events[0]?.tls?.outcome, events[0]?.tls?.because],
      ['cleartext', 'taken in clear from 192.0.2.7'],
    );
  });

  it('say who was logged in', () => {
    const [event] = arrivalEvents({ ...arrival, envelope: { ...arrival.envelope, account: 'anna' } });
    assert.equal(event?.tls?.because, 'taken in clear from 192.0.2.7, logged in as anna');
  });

  it('say nothing of TLS where there was no wire', () => {
    const [event] = arrivalEvents({ ...arrival, submitter: { ...arrival.submitter, by: 'local' } });
    assert.equal(event?.tls, null);
  });
});

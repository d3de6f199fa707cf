import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultHeaderLimits, readHeaderSection } from '../../../src/mail/headers.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import {
  type Arrival,
  arrivalEvents,
  firstTerms,
  frontFields,
  messageIdOf,
} from '../../../src/relay/arrival.ts';

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
    requireTls: false,
    wishes: noSenderWishes,
    recipients: ['a@example.test', 'b@example.test'].map((text) => ({
      mailbox: mailbox(text),
      wishes: noRecipientWishes,
    })),
  },
  hostname: mailbox('x@relay.test').at,
};

const content = { messageId: '<m@client.test>', size: 1_234 };

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
    const events = arrivalEvents(arrival, noTerms, content);
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
    const [event] = arrivalEvents(
      { ...arrival, envelope: { ...arrival.envelope, account: 'anna' } },
      noTerms,
      content,
    );
    assert.equal(event?.arrival?.account, 'anna');
    assert.equal(event?.tls?.because, 'taken in clear from 192.0.2.7, logged in as anna');
  });

  it('say nothing of TLS where there was no wire', () => {
    const [event] = arrivalEvents(
      { ...arrival, submitter: { ...arrival.submitter, by: 'local' } },
      noTerms,
      content,
    );
    assert.equal(event?.tls, null);
  });

  it('tell of the message, to each recipient the same', () => {
    const [first, second] = arrivalEvents(arrival, noTerms, content);
    assert.deepEqual(first?.arrival, {
      by: 'smtp',
      client: '192.0.2.7',
      account: null,
      uid: null,
      messageId: '<m@client.test>',
      size: 1_234,
      recipients: 2,
    });
    assert.equal(second?.arrival, first.arrival);
  });

  it('name no client where its address is that of a front, or there was no wire', () => {
    const clientOf = (changes: Partial<Arrival['submitter']>) =>
      arrivalEvents({ ...arrival, submitter: { ...arrival.submitter, ...changes } }, noTerms, content)[0]
        ?.arrival?.client;
    assert.equal(clientOf({ anonymous: true }), null);
    assert.equal(clientOf({ by: 'local' }), null);
    assert.equal(clientOf({ by: 'http' }), '192.0.2.7');
  });

  it('carry the trace of the message where there is one, and else no such field', () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    assert.equal(arrivalEvents(arrival, { trace }, content)[0]?.trace, trace);
    assert.ok(!('trace' in (arrivalEvents(arrival, noTerms, content)[0] ?? {})));
  });
});

describe('the Message-ID of a message', () => {
  const idOf = (head: string, changes: Partial<Arrival['submitter']> = {}): string | null => {
    const bytes = Buffer.from(head);
    const submitter = { ...arrival.submitter, ...changes };
    return messageIdOf({ ...arrival, submitter }, bytes, readHeaderSection(bytes, defaultHeaderLimits));
  };

  it('is that of its header', () => {
    assert.equal(idOf('From: a@b\r\nMessage-Id:\r\n <1@b>\r\n\r\n'), '<1@b>');
    assert.equal(idOf('Message-ID: <1@b>\r\nMessage-ID: <2@b>\r\n\r\n', { role: 'mx' }), '<1@b>');
  });

  it('is the one that a submission gets, and none where none is added', () => {
    assert.equal(idOf('From: a@b\r\n\r\n'), '<mi9abc@relay.test>');
    assert.equal(idOf('From: a@b\r\n\r\n', { role: 'mx' }), null);
    assert.equal(idOf('no field\r\n\r\n'), null);
  });

  it('is not told where it is longer than 250 characters, or nothing', () => {
    assert.equal(idOf(`Message-ID: ${'x'.repeat(250)}\r\n\r\n`)?.length, 250);
    assert.equal(idOf(`Message-ID: ${'x'.repeat(251)}\r\n\r\n`), null);
    assert.equal(idOf('Message-ID: \r\n\r\n'), null);
  });
});

describe('the terms of a message', () => {
  const anna = { ...arrival.envelope, account: 'anna' };

  it('begin with who was logged in', () => {
    assert.deepEqual(firstTerms(arrival.submitter, anna), { ...noTerms, account: 'anna' });
  });

  it('begin with what the submitter says beside the message', () => {
    const terms = { tls: 'requiretls', tellOutcome: true, trace: null } as const;
    const submitter = { ...arrival.submitter, by: 'http', said: { terms, receipt: null } } as const;
    assert.deepEqual(firstTerms(submitter, anna), { ...noTerms, ...terms, account: 'anna' });
  });
});

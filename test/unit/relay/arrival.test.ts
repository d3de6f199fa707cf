import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultHeaderLimits, readHeaderSection } from '../../../src/mail/headers.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import { type Arrival, arrivalEvents, firstTerms, frontFields } from '../../../src/relay/arrival.ts';

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
    const events = arrivalEvents(arrival, noTerms);
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
    );
    assert.equal(event?.tls?.because, 'taken in clear from 192.0.2.7, logged in as anna');
  });

  it('say nothing of TLS where there was no wire', () => {
    const [event] = arrivalEvents({ ...arrival, submitter: { ...arrival.submitter, by: 'local' } }, noTerms);
    assert.equal(event?.tls, null);
  });

  it('carry the trace of the message where there is one, and else no such field', () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    assert.equal(arrivalEvents(arrival, { trace })[0]?.trace, trace);
    assert.ok(!('trace' in (arrivalEvents(arrival, noTerms)[0] ?? {})));
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
    assert.deepEqual(firstTerms(submitter, anna), { ...terms, account: 'anna' });
  });
});

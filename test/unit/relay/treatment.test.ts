import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noSenderWishes } from '../../../src/names/wishes.ts';
import {
  type IncomingMessage,
  leftOut,
  type Treatment,
  treat,
  without,
} from '../../../src/relay/treatment.ts';

const head = Buffer.from('Subject: a\r\n\r\nb\r\n');
const message: IncomingMessage = {
  id: 'm1',
  at: 0,
  submitter: { address: '127.0.0.1', by: 'smtp', role: 'mx', requires: 'none', trusted: false },
  envelope: {
    hello: 'h',
    extended: true,
    tls: undefined,
    account: null,
    sender: null,
    smtpUtf8: false,
    requireTls: false,
    wishes: noSenderWishes,
    recipients: [],
  },
  head,
  section: readHeaderSection(head, { bytes: 99, fields: 9 }),
  content: { kind: 'bytes', bytes: head },
  bodyAt: 14,
  longestLine: 10,
};
const adding =
  (field: string): Treatment =>
  (_, before) => ({ ...before, fields: `${field}\r\n${before.fields}` });

it('the steps are taken in their order, each on top of what those before it said', async () => {
  const account = { ...noTerms, account: 'anna' };
  const said = await treat(message, account, [adding('A: 1'), adding('B: 2')]);
  assert.deepEqual(said, {
    kind: 'treated',
    fields: 'B: 2\r\nA: 1\r\n',
    terms: account,
    recipients: [],
    expanded: [],
    copies: [],
    content: null,
    authentication: null,
  });
});

it('a refusal is the last word', async () => {
  const refusal = { kind: 'refused', code: 550, enhanced: '5.7.26', text: 'no' } as const;
  const never: Treatment = () => assert.fail('asked behind a refusal');
  assert.deepEqual(await treat(message, noTerms, [adding('A: 1'), () => refusal, never]), refusal);
});

it('what several omissions say is left out once, whatever their order', () => {
  const bytes = Buffer.from('0123456789');
  const spans = leftOut(message.submitter, bytes, message.section, [
    () => [{ start: 6, end: 8 }],
    () => [
      { start: 0, end: 2 },
      { start: 7, end: 9 },
    ],
    () => [{ start: 1, end: 2 }],
  ]);
  assert.deepEqual(spans, [
    { start: 0, end: 2 },
    { start: 6, end: 8 },
    { start: 8, end: 9 },
  ]);
  assert.equal(Buffer.concat(without(bytes, spans)).toString(), '23459');
  assert.equal(Buffer.concat(without(bytes, [])).toString(), '0123456789');
});

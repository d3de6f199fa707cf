import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { anySender, faultOfHeader, refusalOfSender, type SenderRights } from '../../../src/relay/senders.ts';

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const annaOnly: SenderRights = {
  senders: [
    { kind: 'mailbox', mailbox: mailbox('anna@example.test') },
    { kind: 'domain', domain: domain('anna.test') },
    { kind: 'below', domain: domain('shops.test') },
  ],
  nullSender: true,
  header: true,
};

describe('RFC 6409 §6.1: as whom an account may send', () => {
  const cases: readonly [sender: string, may: boolean][] = [
    ['anna@example.test', true],
    ['Anna@EXAMPLE.test', true],
    ['bert@example.test', false],
    ['anna+list@example.test', false],
    ['anna@sub.example.test', false],
    ['anybody@anna.test', true],
    ['anybody@sub.anna.test', false],
    ['a@one.shops.test', true],
    ['a@shops.test', false],
    ['a@xshops.test', false],
    ['anna@[192.0.2.1]', false],
  ];
  for (const [sender, may] of cases) {
    it(`${sender}: ${may ? 'yes' : 'no'}`, () =>
      assert.equal(refusalOfSender('anna', annaOnly, mailbox(sender)) === undefined, may));
  }

  it('is told with 550 5.7.1, in ASCII', () =>
    assert.deepEqual(refusalOfSender('änna', annaOnly, mailbox('bért@example.test')), {
      code: 550,
      enhanced: '5.7.1',
      text: '?nna may not send as b?rt@example.test',
    }));

  it('as anybody, where nothing is said', () =>
    assert.equal(refusalOfSender('anna', anySender, mailbox('bert@example.test')), undefined));

  it('the empty sender is a matter of its own', () => {
    assert.equal(refusalOfSender('anna', annaOnly, null), undefined);
    assert.equal(refusalOfSender('anna', { ...anySender, nullSender: false }, null)?.code, 550);
  });

  it('new accounts may write as anybody', () => assert.equal(anyRights.sender, anySender));
});

describe('From and Sender in the header', () => {
  const { senders } = annaOnly;
  const fault = (...lines: readonly string[]): string | undefined => {
    const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\nbody\r\n`);
    return faultOfHeader(
      { head, section: readHeaderSection(head, { bytes: 10_000, fields: 100 }) },
      senders ?? [],
    );
  };

  it('are good where all addresses are', () => {
    assert.equal(fault('From: Anna <anna@example.test>'), undefined);
    assert.equal(
      fault('from:', ' "Bert" (bert@example.test)', ' <anna@example.test>, x@anna.test'),
      undefined,
    );
    assert.equal(fault('From: anna@example.test', 'Sender: a@one.shops.test'), undefined);
  });

  const faults: readonly [why: string, lines: readonly string[], says: RegExp][] = [
    ["another's address", ['From: Anna <bert@example.test>'], /^From names bert@example\.test$/],
    ['one of several', ['From: anna@example.test, bert@example.test'], /^From names bert@example\.test$/],
    ['one in a group', ['From: Us: anna@example.test, bert@example.test;'], /^From names bert/],
    [
      'two From fields, of which readers show either',
      ['From: anna@example.test', 'FROM: anna@example.test'],
      /more than one From/,
    ],
    [
      'another author behind a line that is no field, which readers may skip',
      ['From: anna@example.test', 'junk', 'From: bert@example.test'],
      /not a field/,
    ],
    ['no From', ['Subject: hi'], /no From/],
    ['what is no address', ['From: anna@example.test bert@example.test'], /^the From field cannot be read/],
    ['another Sender', ['From: anna@example.test', 'Sender: bert@example.test'], /^Sender names bert/],
    [
      'a name of white space before the colon',
      ['From : bert@example.test', 'From: anna@example.test'],
      /more than one From|cannot/,
    ],
  ];
  for (const [why, lines, says] of faults) it(`not ${why}`, () => assert.match(fault(...lines) ?? '', says));

  it('not where the section goes on beyond what is seen', () => {
    const head = Buffer.from(
      `From: anna@example.test\r\n${'X: y\r\n'.repeat(200)}From: bert@example.test\r\n\r\n`,
    );
    const section = readHeaderSection(head, { bytes: 10_000, fields: 100 });
    assert.match(faultOfHeader({ head, section }, senders ?? []) ?? '', /too long/);
  });
});

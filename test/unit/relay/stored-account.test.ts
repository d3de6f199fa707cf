import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailboxPattern } from '../../../src/cli/config/values.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { hashPassword } from '../../../src/relay/password.ts';
import { noQuota } from '../../../src/relay/quotas.ts';
import { accountOf, type RowRules } from '../../../src/relay/stored-account.ts';

const hash = await hashPassword('sesame', 'scrypt', (octets) => new Uint8Array(octets).fill(7));
const rules: RowRules = { rights: anyRights, ownAddressOnly: false, parseSender: parseMailboxPattern };

function read(row: Record<string, unknown>, changes: Partial<RowRules> = {}, user = 'anna@example.test') {
  const parsed = accountOf(user, { password_hash: hash, ...row }, { ...rules, ...changes });
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function fault(row: Record<string, unknown>, changes: Partial<RowRules> = {}, user = 'anna'): string {
  const parsed = accountOf(user, { password_hash: hash, ...row }, { ...rules, ...changes });
  return parsed.kind === 'invalid' ? parsed.because : assert.fail('it was read');
}

const sendersOf = (senders: unknown): readonly string[] | undefined =>
  read({ senders }).account.rights.sender.senders?.map((pattern) =>
    pattern.kind === 'mailbox' ? pattern.mailbox.text : `${pattern.kind} ${pattern.domain}`,
  );

describe('a row with an account', () => {
  it('needs no more than a hash', () => {
    const { account, active } = read({});
    assert.equal(account.secret?.kind, 'scrypt');
    assert.deepEqual(
      [account.user, account.certificates, account.rights, active],
      ['anna@example.test', [], anyRights, true],
    );
  });

  it('says as whom it may send, as text or as an array, and NULL says nothing', () => {
    const expected = ['anna@example.test', 'domain example.net', 'below example.org'];
    assert.deepEqual(sendersOf('anna@example.test,example.net  .example.org'), expected);
    assert.deepEqual(sendersOf(['anna@example.test', 'example.net', '.example.org']), expected);
    assert.deepEqual(sendersOf(''), []);
    assert.equal(sendersOf(null), undefined);
  });

  it('says what else holds for it, as in [[account]]', () => {
    const { sender, quota, tellOutcome } = read({
      senders: 'example.test',
      null_sender: false,
      check_header_from: 1,
      tell_outcome: true,
      messages_per_hour: 10,
      recipients_per_day: '5000',
    }).account.rights;
    assert.deepEqual([sender.nullSender, sender.header, tellOutcome], [false, true, true]);
    assert.deepEqual(
      [true, false, null].map((verp) => read({ verp }).account.rights.verp),
      [true, undefined, undefined],
    );
    assert.deepEqual(quota, { ...noQuota, messagesPerHour: 10, recipientsPerDay: 5000 });
  });

  it('has of the defaults what it does not say', () => {
    const quota = { ...noQuota, messagesPerHour: 3, messagesPerDay: 4 };
    const { rights } = read(
      { messages_per_day: 9, messages_per_hour: null },
      { rights: { ...anyRights, quota } },
    ).account;
    assert.deepEqual(rights.quota, { ...quota, messagesPerDay: 9 });
    const own = read({ senders: null }, { ownAddressOnly: true }).account.rights.sender.senders;
    assert.deepEqual(
      own?.map((one) => (one.kind === 'mailbox' ? one.mailbox.text : one)),
      ['anna@example.test'],
    );
  });

  it('is active unless it says otherwise; NULL does not say that it is', () => {
    const active = (value: unknown): boolean => read({ active: value }).active;
    assert.deepEqual([true, 1, false, 0, null].map(active), [true, true, false, false, false]);
  });

  const faults: readonly (readonly [why: string, row: Record<string, unknown>, told: RegExp])[] = [
    [
      'a column that nobody knows, as it may be a misspelt one',
      { actve: false },
      /no use for its column actve/,
    ],
    ['no hash', { password_hash: null }, /^its password_hash: /],
    [
      'octets in place of a hash',
      { password_hash: new Uint8Array(8) },
      /^its column password_hash is no text$/,
    ],
    ['a password in clear', { password_hash: 'pencil' }, /^its password_hash: /],
    ['a word in place of a flag', { active: 'no' }, /^its column active is neither true nor false/],
    ['a number in place of a flag', { active: 2 }, /^its column active is neither/],
    ['a quota of nothing', { messages_per_day: 0 }, /^its column messages_per_day is no whole number/],
    ['a quota of a half', { messages_per_day: 0.5 }, /^its column messages_per_day is no whole number/],
    ['a quota of text', { messages_per_day: 'ten' }, /^its column messages_per_day is no whole number/],
    ['an address that is none', { senders: 'a@@b' }, /^its column senders: /],
    ['numbers in place of addresses', { senders: [1] }, /^its column senders is neither text nor/],
    [
      'too many addresses',
      { senders: 'a.test '.repeat(1_001) },
      /^its column senders names more than 1000 addresses$/,
    ],
    [
      'a header to be checked against nothing',
      { check_header_from: true },
      /^its check_header_from needs senders/,
    ],
  ];
  for (const [why, row, told] of faults)
    it(`means nobody with ${why}`, () => {
      const because = fault(row);
      assert.match(because, told);
      assert.doesNotMatch(because, /pencil/);
    });

  it('means nobody where its user is no address and may send as itself alone', () =>
    assert.match(
      fault({}, { ownAddressOnly: true }),
      /^with own_address_only its user has to be an address/,
    ));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { Rule } from '../../../src/policies/overrides/rule.ts';
import type { Envelope } from '../../../src/protocols/smtp/server/state.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { treat } from '../../../src/relay/treatment.ts';
import { varyingSenders } from '../../../src/relay/vary-senders.ts';
import { incomingMessage, mailboxOf } from '../../support/incoming.ts';

const rule: Rule = { account: null, from: null, to: null, tls: null, onBlocked: null, verp: true };
const list = mailboxOf('owner@list.test');
const rules: readonly Rule[] = [
  { ...rule, from: { kind: 'mailbox', mailbox: list } },
  { ...rule, account: 'shop', to: { kind: 'mailbox', mailbox: mailboxOf('b@far.test') } },
  { account: null, from: null, to: null, tls: 'may', onBlocked: null },
];

async function delimitersOf(
  envelope: Partial<Envelope>,
  role: 'submission' | 'mx' = 'submission',
): Promise<string | null> {
  const rightsOf = (user: string) => ({ ...anyRights, ...(user === 'news' ? { verp: true } : {}) });
  const step = varyingSenders({ delimiters: '+=' }, rules.slice(0, 2), rightsOf);
  const message = incomingMessage('Subject: x\r\n\r\nx\r\n', {
    role,
    from: 'a@own.test',
    to: ['b@far.test'],
  });
  const said = await treat({ ...message, envelope: { ...message.envelope, ...envelope } }, noTerms, [step]);
  return said.kind === 'treated' ? said.terms.verp : assert.fail(said.text);
}

describe('senders of their own have the copies', () => {
  const cases: readonly [why: string, envelope: Partial<Envelope>, delimiters: string | null][] = [
    ['of nothing that did not ask for it', {}, null],
    ['of what came with XVERP, with its delimiters', { verp: '-=' }, '-='],
    ['of what came by the API, with the usual ones', { verp: '' }, '+='],
    ['of what an account sends that has it', { account: 'news' }, '+='],
    ['of what a rule names by its sender', { sender: list }, '+='],
    ['of what a rule names by account and one of the recipients', { account: 'shop' }, '+='],
    ['of nothing that has no sender', { sender: null, verp: '+=' }, null],
  ];
  for (const [why, envelope, delimiters] of cases)
    it(why, async () => assert.equal(await delimitersOf(envelope), delimiters));

  it('of nothing that strangers send', async () => {
    assert.equal(await delimitersOf({ verp: '+=', sender: list }, 'mx'), null);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Mailbox, parseMailbox } from '../../../../src/names/mailbox.ts';
import {
  type MailboxPattern,
  nothingRuled,
  type Rule,
  ruledFor,
  ruledForDomain,
  ruleText,
} from '../../../../src/policies/overrides/rule.ts';
import { domain } from '../../../support/relay.ts';

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const rule = (told: Partial<Rule>): Rule => ({
  account: null,
  from: null,
  to: null,
  tls: null,
  onBlocked: null,
  ...told,
});
const of = (name: string): MailboxPattern => ({ kind: 'domain', domain: domain(name) });
const below = (name: string): MailboxPattern => ({ kind: 'below', domain: domain(name) });
const one = (address: string): MailboxPattern => ({ kind: 'mailbox', mailbox: mailbox(address) });

const parties = { account: 'bills', from: mailbox('anna@out.test'), to: mailbox('Bob@in.test') };

describe('operator rules', () => {
  const cases: readonly (readonly [string, Partial<Rule>, boolean])[] = [
    ['the account', { account: 'bills' }, true],
    ['another account', { account: 'Bills' }, false],
    ['the domain of the sender', { from: of('out.test') }, true],
    ['a domain above that of the sender', { from: of('test') }, false],
    ['all below a domain', { to: below('test') }, true],
    ['a domain itself, where all below it are meant', { to: below('in.test') }, false],
    ['the recipient, whatever the case', { to: one('bob@in.test') }, true],
    ['another mailbox of the domain', { to: one('bobby@in.test') }, false],
    ['both, of which one does not apply', { from: of('out.test'), to: of('out.test') }, false],
    ['all three', { account: 'bills', from: of('out.test'), to: of('in.test') }, true],
  ];
  for (const [what, told, applies] of cases) {
    it(`${what}: ${applies ? 'applies' : 'does not apply'}`, () => {
      const { onBlocked } = ruledFor(parties, [rule({ ...told, onBlocked: 'drop' })]);
      assert.equal(onBlocked, applies ? 'drop' : null);
    });
  }

  it('are taken key by key from the first that has it', () => {
    const first = rule({ to: of('in.test'), onBlocked: 'bounce' });
    const second = rule({ from: of('out.test'), tls: 'encrypt', onBlocked: 'drop' });
    const third = rule({ from: of('out.test'), tls: 'off' });
    assert.deepEqual(ruledFor(parties, [first, second, third]), {
      tls: { level: 'encrypt', rule: second },
      onBlocked: 'bounce',
    });
  });

  it('that name a sender say nothing of mail from nobody, nor of an address literal', () => {
    const rules = [rule({ from: of('out.test'), tls: 'off' }), rule({ to: below('test'), tls: 'off' })];
    const to = mailbox('bob@[192.0.2.1]');
    assert.deepEqual(ruledFor({ account: null, from: null, to }, rules), nothingRuled);
  });
});

describe('what rules say of a domain, whoever sends', () => {
  const at = { kind: 'domain', domain: domain('in.test') } as const;
  const said = (...rules: readonly Rule[]): string | null => ruledForDomain(at, rules).tls?.level ?? null;

  it('is that of rules for its recipients alone', () => {
    assert.equal(said(rule({ to: of('in.test'), tls: 'encrypt' })), 'encrypt');
    assert.equal(said(rule({ to: below('test'), tls: 'encrypt' })), 'encrypt');
    assert.equal(said(rule({ to: of('out.test'), tls: 'encrypt' })), null);
  });

  it('is nothing that only some of its mail is subject to', () => {
    assert.equal(said(rule({ to: of('in.test'), account: 'bills', tls: 'encrypt' })), null);
    assert.equal(said(rule({ to: of('in.test'), from: of('out.test'), tls: 'encrypt' })), null);
    assert.equal(said(rule({ to: one('postmaster@in.test'), tls: 'encrypt' })), null);
  });
});

describe('a rule in words', () => {
  const rows: readonly (readonly [Partial<Rule>, string])[] = [
    [{ to: below('partner.test') }, 'the rule for mail to .partner.test'],
    [{ account: 'bills', from: one('a@out.test') }, 'the rule for mail of the account bills from a@out.test'],
  ];
  for (const [told, text] of rows) it(text, () => assert.equal(ruleText(rule(told)), text));
});

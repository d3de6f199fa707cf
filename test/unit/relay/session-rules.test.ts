import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { openAccounts, openLoginDesk } from '../../../src/relay/accounts.ts';
import { noBounces } from '../../../src/relay/bounce-addresses.ts';
import { type Client, type House, rulesFor } from '../../../src/relay/session-rules.ts';
import type { ListenerSettings } from '../../../src/relay/settings.ts';

function at(domain: string) {
  const parsed = parseMailbox(`x@${domain}`);
  return parsed.kind === 'ok' ? parsed.value.at : assert.fail(parsed.because);
}

const nobody = openAccounts([], openLoginDesk());
const house: House = {
  hostname: at('relay.test'),
  accounts: nobody,
  domains: { residence: () => ({ kind: 'elsewhere' }), postmasterAt: undefined },
  settings: {
    bounces: noBounces,
    networkQuotas: [],
    demands: { requireTls: 'enforce', tlsRequiredNo: 'obey' },
    maxMessageBytes: 1,
    maxRecipients: 2,
    maxMessagesPerSession: 3,
    maxErrorsPerSession: 4,
  },
};
const withAccounts: House = { ...house, accounts: { ...nobody, mechanisms: ['PLAIN', 'LOGIN'] } };
const withDomains: House = { ...house, domains: { ...house.domains, postmasterAt: at('ours.test') } };
const submission: ListenerSettings = {
  role: 'submission',
  address: '127.0.0.1',
  port: 0,
  tls: 'starttls',
  requireTls: true,
  networks: [],
  fronts: [],
  frontLogins: false,
  clientCertificates: 'off',
  bareLineEnding: 'refuse',
  proxies: [],
};
const mx: ListenerSettings = { ...submission, role: 'mx', requireTls: false };
const trusted: Client = { address: '192.0.2.1', trusted: true, front: false, introduced: false, known: true };
const stranger: Client = { ...trusted, trusted: false };

describe('who may relay', () => {
  const cases: readonly [
    why: string,
    listener: ListenerSettings,
    client: Client,
    house: House,
    kind: string,
  ][] = [
    ['whoever comes from a network that may', submission, trusted, house, 'anyone'],
    ['he needs no account where there are some', submission, trusted, withAccounts, 'anyone'],
    ['a stranger has to log in', submission, stranger, withAccounts, 'accounts'],
    ['or may not at all where nobody can', submission, stranger, house, 'denied'],
    ['at mx it is decided by recipient', mx, stranger, withAccounts, 'anyone'],
  ];
  for (const [why, listener, client, rules, kind] of cases) {
    it(why, () => assert.equal(rulesFor(listener, client, rules).relaying.kind, kind));
  }
});

describe('logins', () => {
  it('are offered at submission as the accounts allow', () =>
    assert.deepEqual(rulesFor(submission, stranger, withAccounts).mechanisms, ['PLAIN', 'LOGIN']));
  it('are never offered at mx', () => assert.deepEqual(rulesFor(mx, stranger, withAccounts).mechanisms, []));
});

describe('what is asked for', () => {
  const cases: readonly [
    why: string,
    listener: ListenerSettings,
    client: Client,
    house: House,
    asks: boolean[],
  ][] = [
    ['everything of a stranger', submission, stranger, house, [true, true]],
    ['everything of a stranger at mx', mx, stranger, withDomains, [true, true]],
    ['nothing of a trusted client where no domain is ours', submission, trusted, house, [false, false]],
    ['recipients of a trusted client where some domain is', submission, trusted, withDomains, [false, true]],
  ];
  for (const [why, listener, client, rules, expected] of cases) {
    it(why, () => {
      const { asks } = rulesFor(listener, client, rules);
      assert.deepEqual([asks.sender, asks.recipient], expected);
    });
  }
});

describe('XVERP', () => {
  it('is offered where the listener has it, with what the operator allows', () => {
    const offered = rulesFor({ ...submission, xverp: true }, stranger, house).verp;
    assert.deepEqual([offered?.delimiters, offered?.filter], ['+=', '-=+']);
    assert.equal(rulesFor(submission, stranger, house).verp, undefined);
  });
});

describe('the rest', () => {
  it('RFC 8689 §2: REQUIRETLS is not offered to whom a front speaks for, as his TLS is not seen', () => {
    const behind = { ...stranger, front: true, introduced: true };
    assert.deepEqual(
      [stranger, { ...stranger, front: true }, behind].map(
        (client) => rulesFor(mx, client, house).requireTls,
      ),
      ['offered', 'offered', 'absent'],
    );
  });

  it('a bare postmaster is at our first domain, or else at our own name', () => {
    assert.deepEqual(rulesFor(mx, stranger, withDomains).postmasterDomain, at('ours.test'));
    assert.deepEqual(rulesFor(mx, stranger, house).postmasterDomain, at('relay.test'));
  });

  it('is as it is configured', () => {
    const rules = rulesFor(submission, stranger, house);
    assert.deepEqual(
      [rules.role, rules.hostname, rules.tls, rules.startTls, rules.maxMessageBytes, rules.maxRecipients],
      ['submission', 'relay.test', 'required', 'offered', 1, 2],
    );
    assert.equal(rules.maxMessages, 3);
    assert.equal(rulesFor({ ...mx, tls: 'implicit' }, stranger, house).startTls, 'absent');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckProtocol } from '../../../../src/findings/endpoint.ts';
import type { Visit } from '../../../../src/findings/observation.ts';
import { mailboxFindings } from '../../../../src/findings/rules/mailbox.ts';
import { starttlsFindings } from '../../../../src/findings/rules/starttls.ts';
import {
  caseOf,
  hostTarget,
  mailboxSeen,
  notConnected,
  observe,
  only,
  sentAway,
  statesOf,
  withoutStarttls,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof mailboxFindings>;
const at = (protocol: CheckProtocol, base: Partial<Visit> = {}, beside?: Partial<Visit>): Findings =>
  mailboxFindings(
    hostTarget([
      observe({ endpoint: { protocol }, base }),
      ...(beside === undefined ? [] : [observe({ endpoint: { protocol, tls: 'implicit' }, base: beside })]),
    ]),
  );
const taken = mailboxSeen({ loginInClear: { code: null, positive: true, text: '+' } });

describe('a server in order', () => {
  it('passes everything', () => {
    for (const protocol of ['imap', 'pop3', 'sieve'] as const) {
      const findings = at(protocol, {}, protocol === 'sieve' ? undefined : {});
      assert.deepEqual(
        findings.filter(({ state }) => state !== 'pass'),
        [],
        protocol,
      );
      assert.ok(findings.length > 0);
    }
    assert.deepEqual(mailboxFindings(caseOf()), []);
  });
});

describe('IMAP', () => {
  it('RFC 9051 §7.1.4: PREAUTH, where STARTTLS is not allowed any more', () => {
    const base = {
      ...withoutStarttls('imap'),
      mailbox: { preauth: true, loginInClear: null },
      upgrade: { kind: 'not-reached' },
    } as const;
    const [finding] = only(at('imap', base), 'imap.preauth');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'high']);
    // It is one fault, and told once.
    assert.equal(statesOf(at('imap', base), 'imap.logindisabled-missing'), '');
    const theCase = hostTarget([observe({ endpoint: { protocol: 'imap' }, base })]);
    assert.deepEqual(starttlsFindings(theCase), []);
  });

  it('RFC 9051 §6.2.3: LOGINDISABLED', () => {
    const [finding] = only(at('imap', { clear: ['IMAP4rev1', 'STARTTLS'] }), 'imap.logindisabled-missing');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'high']);
    assert.equal(statesOf(at('imap', { clear: ['logindisabled'] }), 'imap.logindisabled-missing'), 'pass');
  });

  it('AUTH=PLAIN in clear, or a login that is taken', () => {
    const listed = { clear: ['IMAP4rev1', 'STARTTLS', 'LOGINDISABLED', 'AUTH=PLAIN'] };
    assert.equal(statesOf(at('imap', listed), 'smtp.auth.before-tls'), 'fail');
    assert.equal(statesOf(at('imap', { mailbox: taken }), 'smtp.auth.before-tls'), 'fail');
    assert.equal(statesOf(at('imap', { ...listed, mailbox: taken }), 'smtp.auth.before-tls'), 'fail');
    assert.equal(statesOf(at('imap'), 'smtp.auth.before-tls'), 'pass');
  });

  it('nothing is said where we were sent away', () => {
    assert.deepEqual(at('imap', sentAway('throttled')), []);
  });
});

describe('POP3', () => {
  it('RFC 8314 §4.1: USER in clear', () => {
    const [finding] = only(at('pop3', { clear: ['USER', 'STLS'] }), 'pop3.user-before-tls');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'high']);
    assert.equal(statesOf(at('pop3', { clear: null, mailbox: taken }), 'pop3.user-before-tls'), 'fail');
    assert.equal(statesOf(at('pop3'), 'pop3.user-before-tls'), 'pass');
  });

  it('SASL in clear is told of with the mechanisms', () => {
    const findings = at('pop3', { clear: ['STLS', 'SASL PLAIN LOGIN'], mailbox: taken });
    assert.equal(statesOf(findings, 'smtp.auth.before-tls'), 'fail');
    assert.equal(statesOf(findings, 'pop3.user-before-tls'), 'pass');
  });
});

describe('ManageSieve', () => {
  it('RFC 5804 §1.7: mechanisms before TLS', () => {
    const listed = (mechanisms: string): Findings =>
      at('sieve', { clear: [`"SASL" "${mechanisms}"`, '"STARTTLS"'] });
    const [plain] = only(listed('PLAIN LOGIN'), 'sieve.sasl-before-tls');
    assert.deepEqual([plain?.state, plain?.severity], ['fail', 'high']);
    const [scram] = only(listed('SCRAM-SHA-256'), 'sieve.sasl-before-tls');
    assert.deepEqual([scram?.state, scram?.severity], ['warn', 'low']);
    assert.equal(statesOf(listed(''), 'sieve.sasl-before-tls'), 'pass');
    assert.equal(statesOf(at('sieve', { mailbox: taken }), 'sieve.sasl-before-tls'), 'fail');
  });
});

describe('the port where TLS comes first', () => {
  it('RFC 8314 §3: is not there', () => {
    for (const protocol of ['submission', 'imap', 'pop3'] as const) {
      const [finding] = only(at(protocol, {}, notConnected('refused')), 'implicit-tls.missing');
      assert.deepEqual([finding?.state, finding?.severity], ['absent', 'medium'], protocol);
      assert.equal(statesOf(at(protocol, {}, {}), 'implicit-tls.missing'), 'pass');
      assert.equal(statesOf(at(protocol), 'implicit-tls.missing'), '');
    }
  });

  it('of other protocols that is info', () => {
    assert.equal(only(at('ldap', {}, notConnected('timeout')), 'implicit-tls.missing')[0]?.severity, 'info');
  });

  it('where nothing is reached at that address, it says nothing', () => {
    assert.equal(
      statesOf(at('imap', notConnected('timeout'), notConnected('timeout')), 'implicit-tls.missing'),
      '',
    );
  });

  it('of a server that was asked about for that port it is no matter', () => {
    const implicit = observe({ endpoint: { protocol: 'imap', tls: 'implicit' } });
    assert.equal(statesOf(mailboxFindings(hostTarget([implicit])), 'implicit-tls.missing'), '');
  });
});

describe('a port in clear beside it', () => {
  for (const [protocol, id] of [
    ['imap', 'legacy.imap143-plaintext'],
    ['pop3', 'legacy.pop3-110-plaintext'],
  ] as const) {
    it(`RFC 8314 §4.1: ${id}`, () => {
      const [finding] = only(at(protocol, withoutStarttls(protocol), {}), id);
      assert.deepEqual([finding?.state, finding?.severity], ['fail', 'medium']);
      assert.equal(statesOf(at(protocol, {}, {}), id), 'pass');
      assert.equal(statesOf(at(protocol, withoutStarttls(protocol)), id), '');
    });
  }
});

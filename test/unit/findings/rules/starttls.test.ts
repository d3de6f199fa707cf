import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckProtocol } from '../../../../src/findings/endpoint.ts';
import type { Probes, Visit } from '../../../../src/findings/observation.ts';
import { starttlsFindings } from '../../../../src/findings/rules/starttls.ts';
import {
  ADDRESS6,
  agreed,
  answerOf,
  caseOf,
  chainFor,
  endedAt,
  handshakeFailed,
  handshakeRefused,
  handshakeUnfit,
  helloRefused,
  hostCase,
  hostTarget,
  mailboxSeen,
  now,
  observe,
  only,
  otherKey,
  probeNotTested,
  secured,
  sentAway,
  smtpSeen,
  statesOf,
  withoutStarttls,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof starttlsFindings>;
const found = (base: Partial<Visit> = {}, probes: Probes = {}): Findings =>
  starttlsFindings(caseOf([hostCase([observe({ base, probes })])]));
const at = (protocol: CheckProtocol, base: Partial<Visit> = {}): Findings =>
  starttlsFindings(hostTarget([observe({ endpoint: { protocol }, base })]));

const probes: Probes = {
  injection: { kind: 'seen', answered: 'never', transcript: ['C: STARTTLS'] },
  state: { kind: 'seen', kept: false, what: 'the transaction', transcript: [] },
  noServerName: secured(),
  otherKey: otherKey(),
  otherHello: { kind: 'seen', helloName: 'other.example', clear: ['STARTTLS'] },
};

describe('a server in order', () => {
  it('passes everything, for every protocol', () => {
    assert.deepEqual(
      found({}, probes).filter(({ state }) => state !== 'pass'),
      [],
    );
    for (const protocol of [
      'submission',
      'lmtp',
      'imap',
      'pop3',
      'sieve',
      'ldap',
      'nntp',
      'ftp',
      'xmpp',
      'postgres',
      'mysql',
    ] as const)
      assert.deepEqual(
        at(protocol).filter(({ state }) => state !== 'pass'),
        [],
        protocol,
      );
  });
});

describe('what passes', () => {
  it('shows the command that led to TLS, and not the one that was refused inside', () => {
    const transcript = ['C: STARTTLS', 'S: 220 go ahead', 'C: STARTTLS', 'S: 554 TLS is active'];
    const [one] = only(found({ transcript }), 'starttls.handshake-failed');
    assert.equal(one?.state, 'pass');
    assert.deepEqual(one?.evidence.slice(1), ['C: STARTTLS', 'S: 220 go ahead']);
  });
});

describe('the offer', () => {
  it('is not there: critical for mail between servers', () => {
    const [finding] = only(found(withoutStarttls()), 'starttls.not-offered');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'critical']);
    assert.match(finding?.why ?? '', /all mail comes in clear/);
    assert.match(only(at('imap', withoutStarttls('imap')), 'starttls.not-offered')[0]?.why ?? '', /IMAP/);
    assert.equal(statesOf(found(), 'starttls.not-offered'), 'pass');
  });

  it('nothing is said of it where we were sent away, or the connection ended before', () => {
    for (const base of [sentAway('throttled'), sentAway('blocked'), endedAt({ kind: 'closed', at: 'hello' })])
      assert.deepEqual(found(base), []);
  });

  for (const [what, clear, greeting] of [
    ['a keyword', ['PIPELINING', 'XXXXXXXA', '8BITMIME'], 'mx1.example.test'],
    ['keywords', ['XXXX XXXXXXXXX', 'XXXXXXXB'], 'mx1.example.test'],
    ['the greeting', ['SIZE 1'], '220 ********************'],
  ] as const) {
    it(`${what} overwritten by a firewall: stripped, and not just absent`, () => {
      const lines = { greeting: { ms: 1, lines: [greeting], code: 220 } };
      const findings = found({ ...withoutStarttls(), clear, ...lines });
      assert.equal(statesOf(findings, 'starttls.stripped'), 'fail');
      assert.equal(statesOf(findings, 'starttls.not-offered'), '');
    });
  }

  it('keywords that only look a bit like it are not taken for overwritten ones', () => {
    const base = { ...withoutStarttls(), clear: ['XEXCH50', 'X-LINK2STATE', 'XFORWARD NAME', 'XXX'] };
    assert.equal(statesOf(found(base), 'starttls.stripped'), '');
    assert.equal(statesOf(found(base), 'starttls.not-offered'), 'fail');
  });

  it('where people log in, it is critical if passwords go in clear, else as bad as there is no other door', () => {
    const severity = (...seen: Parameters<typeof observe>[0][]): string | undefined =>
      only(starttlsFindings(hostTarget(seen.map((one) => observe(one)))), 'starttls.not-offered')[0]
        ?.severity;
    const endpoint = { protocol: 'imap' } as const;
    const base = withoutStarttls('imap');
    assert.equal(severity({ endpoint, base }), 'high');
    const taken = mailboxSeen({ loginInClear: { code: null, positive: true, text: '+' } });
    assert.equal(severity({ endpoint, base: { ...base, mailbox: taken } }), 'critical');
    assert.equal(severity({ endpoint, base: { ...base, clear: ['IMAP4rev1', 'AUTH=PLAIN'] } }), 'critical');
    assert.equal(severity({ endpoint, base }, { endpoint: { ...endpoint, tls: 'implicit' } }), 'low');
    assert.equal(severity({ endpoint: { protocol: 'lmtp' }, base: withoutStarttls('lmtp') }), 'medium');
  });
});

describe('the way to TLS', () => {
  it('RFC 3207 §4: 454 "TLS not available due to temporary reason" after an offer', () => {
    const refused = (code: number): Partial<Visit> => ({
      ...handshakeFailed(),
      upgrade: { kind: 'refused', answer: answerOf(code, 'TLS not available') },
    });
    assert.equal(statesOf(found(refused(454)), 'starttls.refused-454'), 'fail');
    assert.equal(statesOf(found(refused(454)), 'starttls.refused'), '');
    assert.equal(statesOf(found(refused(554)), 'starttls.refused'), 'fail');
    assert.equal(statesOf(found(), 'starttls.refused'), 'pass');
    // A limit of connections is none of TLS.
    assert.deepEqual(found(refused(421)), []);
  });

  it('a no in words is one for good', () => {
    const answer = { code: null, positive: false, text: 'NO TLS is broken' };
    const base = { ...handshakeFailed(), upgrade: { kind: 'refused', answer } } as const;
    assert.equal(statesOf(at('imap', base), 'starttls.refused'), 'fail');
  });

  it('an answer that is neither yes nor no', () => {
    const base = {
      ...handshakeFailed(),
      upgrade: { kind: 'bad-answer', because: '250 to STARTTLS' },
    } as const;
    assert.equal(statesOf(found(base), 'starttls.bad-reply'), 'fail');
  });

  it('plaintext between the go-ahead and TLS', () => {
    const upgrade = { kind: 'injected', because: 'of the test', text: '250 injected' } as const;
    const [finding] = only(found({ ...handshakeFailed(), upgrade }), 'starttls.plaintext-after-220');
    assert.equal(finding?.state, 'fail');
    assert.match(finding.evidence.join('\n'), /250 injected/);
    assert.equal(statesOf(found(), 'starttls.plaintext-after-220'), 'pass');
  });

  it('a handshake that fails, with the alert', () => {
    const [finding] = only(found(handshakeFailed('protocol version')), 'starttls.handshake-failed');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'critical']);
    assert.match(finding?.evidence.join('\n') ?? '', /protocol version/);
    assert.equal(statesOf(found(handshakeFailed(null)), 'starttls.handshake-failed'), 'fail');
    assert.equal(statesOf(found(), 'starttls.handshake-failed'), 'pass');
  });

  it('RFC 8446 §6.2: certificate_required is told as what it is', () => {
    const findings = found(handshakeFailed('certificate required'));
    assert.equal(statesOf(findings, 'starttls.client-cert-required'), 'fail');
    assert.equal(statesOf(findings, 'starttls.handshake-failed'), '');
  });

  it('more than 3 seconds are slow, as info', () => {
    assert.equal(statesOf(found({ upgrade: { kind: 'secured', ms: 3000 } }), 'starttls.slow'), 'pass');
    const [slow] = only(found({ upgrade: { kind: 'secured', ms: 3001 } }), 'starttls.slow');
    assert.deepEqual([slow?.state, slow?.severity], ['warn', 'info']);
  });

  it('a door where TLS comes first is looked at like any other', () => {
    const endpoint = { protocol: 'imap', tls: 'implicit' } as const;
    const findings = starttlsFindings(
      hostTarget([observe({ endpoint, probes: { noServerName: handshakeRefused() } })]),
    );
    assert.equal(statesOf(findings, 'starttls.handshake-failed'), 'pass');
    assert.equal(statesOf(findings, 'starttls.sni-required'), 'fail');
    assert.equal(statesOf(findings, 'starttls.not-offered'), '');
  });

  it('a door where TLS comes first that does not come about', () => {
    const broken = observe({ endpoint: { protocol: 'imap', tls: 'implicit' }, base: handshakeFailed() });
    const [finding] = only(starttlsFindings(hostTarget([broken])), 'starttls.handshake-failed');
    assert.equal(finding?.state, 'fail');
  });
});

describe('inside TLS', () => {
  it('no answer', () => {
    const gone = { inside: null, smtp: smtpSeen({ helloInside: null }) };
    for (const end of [
      { kind: 'closed', at: 'inside' },
      { kind: 'timeout', at: 'inside', ms: 30_000 },
      { kind: 'broken', at: 'inside', because: 'no reply' },
    ] as const)
      assert.equal(statesOf(found({ ...gone, end }), 'starttls.ehlo-after-fails'), 'fail', end.kind);
    const refused = smtpSeen({ helloInside: answerOf(503, 'bad sequence') });
    assert.equal(statesOf(found({ inside: null, smtp: refused }), 'starttls.ehlo-after-fails'), 'fail');
    assert.equal(statesOf(found(), 'starttls.ehlo-after-fails'), 'pass');
    assert.equal(statesOf(at('imap'), 'starttls.ehlo-after-fails'), 'pass');
  });

  it('a certificate of the client that is missed only there', () => {
    const hello = answerOf(421, '4.7.1 mx Error: No client certificate presented');
    const end = { kind: 'refused', at: 'inside', answer: hello } as const;
    const findings = found({ inside: null, smtp: smtpSeen({ helloInside: hello }), end });
    assert.equal(statesOf(findings, 'starttls.client-cert-required'), 'fail');
    assert.equal(statesOf(findings, 'starttls.ehlo-after-fails'), '');
  });

  it('being sent away there is no failure of TLS', () => {
    const end = { kind: 'throttled', at: 'inside', answer: answerOf(421, 'later') } as const;
    const base = { inside: null, smtp: smtpSeen({ helloInside: answerOf(421, 'later') }), end };
    assert.equal(statesOf(found(base), 'starttls.ehlo-after-fails'), '');
  });

  it('RFC 3207 §4.2: "A server MUST NOT return the STARTTLS extension in response to an EHLO command received after a TLS handshake"', () => {
    assert.equal(statesOf(found({ inside: ['SIZE', 'STARTTLS'] }), 'starttls.reoffered'), 'fail');
    assert.equal(statesOf(found(), 'starttls.reoffered'), 'pass');
    assert.equal(statesOf(at('pop3', { inside: ['STLS'] }), 'starttls.reoffered'), 'fail');
  });

  it('LDAP and FTP list what they know of, whether it can be asked for now or not', () => {
    assert.equal(statesOf(at('ldap'), 'starttls.reoffered'), '');
    assert.equal(statesOf(at('ftp'), 'starttls.reoffered'), '');
  });

  it('a second STARTTLS', () => {
    assert.equal(statesOf(found({ again: answerOf(220, 'go ahead') }), 'starttls.second-accepted'), 'fail');
    assert.equal(statesOf(found(), 'starttls.second-accepted'), 'pass');
    assert.equal(statesOf(found({ again: null }), 'starttls.second-accepted'), '');
  });

  it('what is offered in clear and inside differs, as info; logins may come with TLS', () => {
    const clear = ['SIZE 1', 'STARTTLS'];
    assert.equal(
      statesOf(found({ clear, inside: ['SIZE 1', 'AUTH PLAIN', 'REQUIRETLS'] }), 'starttls.caps-diff'),
      'pass',
    );
    const [differs] = only(found({ clear, inside: ['SIZE 2'] }), 'starttls.caps-diff');
    assert.deepEqual([differs?.state, differs?.severity], ['warn', 'info']);
  });
});

describe('what further connections show', () => {
  it('RFC 3207 §4.2: a command injected before TLS, answered inside it', () => {
    const injection = (answered: 'never' | 'clear' | 'inside'): Findings =>
      found({}, { injection: { kind: 'seen', answered, transcript: ['C: STARTTLS', 'C: NOOP'] } });
    const [inside] = only(injection('inside'), 'starttls.injection');
    assert.deepEqual([inside?.state, inside?.severity], ['fail', 'high']);
    assert.ok(inside?.evidence.includes('C: NOOP'));
    const [clear] = only(injection('clear'), 'starttls.injection');
    assert.deepEqual([clear?.state, clear?.severity], ['warn', 'low']);
    assert.equal(statesOf(injection('never'), 'starttls.injection'), 'pass');
  });

  it('"MUST discard any knowledge obtained from the client": state that is kept', () => {
    const state = (kept: boolean): Findings =>
      found({}, { state: { kind: 'seen', kept, what: 'the transaction', transcript: [] } });
    assert.equal(statesOf(state(true), 'starttls.state-kept'), 'fail');
    assert.equal(statesOf(state(false), 'starttls.state-kept'), 'pass');
  });

  it('a probe that did not come to its question is not tested, and can be tried again', () => {
    const throttled = probeNotTested({ kind: 'throttled', at: 'greeting', answer: answerOf(421, 'later') });
    for (const [id, probe] of [
      ['starttls.injection', { injection: throttled }],
      ['starttls.state-kept', { state: throttled }],
      ['starttls.sni-required', { noServerName: throttled }],
    ] as const) {
      const [finding] = only(found({}, probe), id);
      assert.equal(finding?.state, 'not-tested');
      assert.ok((finding.retryAt ?? 0) > now);
      assert.match(finding.evidence.join(' '), /421 later/);
    }
  });

  it('TLS that needs SNI', () => {
    assert.equal(statesOf(found({}, { noServerName: handshakeRefused() }), 'starttls.sni-required'), 'fail');
    assert.equal(statesOf(found({}, { noServerName: secured() }), 'starttls.sni-required'), 'pass');
    assert.equal(
      statesOf(found(handshakeFailed(), { noServerName: handshakeRefused() }), 'starttls.sni-required'),
      '',
    );
    // It was not the server that broke off, or nobody knows.
    for (const noServerName of [handshakeUnfit(), handshakeRefused(null)])
      assert.equal(statesOf(found({}, { noServerName }), 'starttls.sni-required'), 'not-tested');
  });

  it('a handshake that fails with SNI, too, says nothing of SNI', () => {
    const upgrade = { kind: 'handshake-failed', because: 'x', alert: 'certificate required', ms: 1 } as const;
    assert.equal(
      statesOf(found({ upgrade }, { noServerName: handshakeRefused() }), 'starttls.sni-required'),
      '',
    );
  });

  it('another certificate without SNI, as info', () => {
    const other = secured({ chain: chainFor({ names: ['other.example.test'] }) });
    const [differs] = only(found({}, { noServerName: other }), 'starttls.sni-cert-differs');
    assert.deepEqual([differs?.state, differs?.severity], ['warn', 'info']);
    assert.equal(
      statesOf(found({}, { noServerName: secured(observe().base.tls ?? {}) }), 'starttls.sni-cert-differs'),
      'pass',
    );
  });
});

describe('without SNI, by a hello of our own', () => {
  const rsa = chainFor({ key: 'rsa2048' });
  const ids = ['starttls.sni-required', 'starttls.sni-cert-differs'] as const;
  const told = (answers: Probes): readonly string[] => ids.map((id) => statesOf(found({}, answers), id));
  const shown = (chain: readonly Uint8Array[]): Probes => ({ hello: { weakFirst: agreed({ chain }) } });

  it('the same certificate, or another one', () => {
    assert.deepEqual(told(shown(chainFor())), ['pass', 'pass']);
    assert.deepEqual(told(shown(chainFor({ names: ['other.example.test'] }))), ['pass', 'warn']);
  });

  it('that of the other kind of key, which there is with SNI, too', () => {
    assert.deepEqual(told({ ...shown(rsa), otherKey: otherKey({ chain: rsa }) }), ['pass', 'pass']);
    const another = otherKey({ chain: chainFor({ key: 'rsa2048', names: ['b.example.test'] }) });
    assert.deepEqual(told({ ...shown(rsa), otherKey: another }), ['pass', 'warn']);
  });

  it('one of another kind than any with SNI', () => {
    const failed = { kind: 'seen', key: 'rsa', result: 'failed', because: 'no suite in common' } as const;
    const refused = { ...failed, by: { kind: 'alert', alert: 'handshake failure' } } as const;
    assert.deepEqual(told({ ...shown(rsa), otherKey: refused }), ['pass', 'warn']);
    // Nobody knows whether there is one.
    for (const other of [probeNotTested(), failed, { ...failed, by: { kind: 'own' } } as const])
      assert.deepEqual(told({ ...shown(rsa), otherKey: other }), ['pass', '']);
  });

  it('none that was shown says nothing, and a refusal may be about the suites', () => {
    assert.deepEqual(told(shown([])), ['', '']);
    assert.deepEqual(told({ hello: { weakFirst: helloRefused() } }), ['', '']);
  });

  it('the same hello is taken with the name: it is needed', () => {
    assert.deepEqual(told({ hello: { weakFirst: helloRefused(112), weakNamed: agreed() } }), ['fail', '']);
    assert.deepEqual(told({ hello: { weakFirst: helloRefused(112), weakNamed: helloRefused() } }), ['', '']);
  });

  it('what STARTTLS is offered to counts for its steadiness', () => {
    const gone = { kind: 'seen', result: 'not-offered' } as const;
    assert.equal(statesOf(found({}, { hello: { old: gone } }), 'starttls.inconsistent-time'), 'fail');
    const weak = [{ ...gone, without: [] }];
    assert.equal(statesOf(found({}, { hello: { weak } }), 'starttls.inconsistent-time'), 'fail');
    assert.equal(statesOf(found({}, shown(chainFor())), 'starttls.inconsistent-time'), 'pass');
  });
});

describe('the same for everybody', () => {
  const across = (...seen: Parameters<typeof observe>[0][]): Findings =>
    starttlsFindings(caseOf([hostCase(seen.map((one) => observe(one)))]));
  const second = { address: '192.0.2.2' };
  const six = { address: ADDRESS6 };

  it('one address offers TLS, another one of the same family does not', () => {
    const findings = across({}, { endpoint: second, base: withoutStarttls() });
    assert.equal(statesOf(findings, 'starttls.inconsistent-ip'), 'fail');
    assert.equal(statesOf(findings, 'starttls.inconsistent-family'), '');
    assert.equal(statesOf(across({}, { endpoint: second }), 'starttls.inconsistent-ip'), 'pass');
  });

  it('one family does, the other does not', () => {
    const findings = across({}, { endpoint: second }, { endpoint: six, base: withoutStarttls() });
    assert.equal(statesOf(findings, 'starttls.inconsistent-family'), 'fail');
    assert.equal(statesOf(findings, 'starttls.inconsistent-ip'), '');
    assert.equal(statesOf(across({}, { endpoint: six }), 'starttls.inconsistent-family'), 'pass');
  });

  it('doors where TLS comes first, and those that came to no answer, are not compared', () => {
    const beside = { protocol: 'imap', tls: 'implicit', address: '192.0.2.2', port: 143 } as const;
    const doors = [observe({ endpoint: { protocol: 'imap' } }), observe({ endpoint: beside })];
    assert.equal(statesOf(starttlsFindings(hostTarget(doors)), 'starttls.inconsistent-ip'), '');
    const hung = { ...withoutStarttls(), upgrade: { kind: 'not-reached' } } as const;
    assert.equal(statesOf(across({}, { endpoint: second, base: hung }), 'starttls.inconsistent-ip'), '');
  });

  it('an address that was not seen is not compared', () => {
    assert.equal(
      statesOf(across({}, { endpoint: second, base: sentAway('throttled') }), 'starttls.inconsistent-ip'),
      '',
    );
  });

  it('offered once and not the next time', () => {
    const gone = { kind: 'seen', result: 'not-offered' } as const;
    assert.equal(statesOf(found({}, { legacy: gone }), 'starttls.inconsistent-time'), 'fail');
    assert.equal(
      statesOf(found(withoutStarttls(), { otherKey: otherKey() }), 'starttls.inconsistent-time'),
      'fail',
    );
    assert.equal(statesOf(found({}, { otherKey: otherKey() }), 'starttls.inconsistent-time'), 'pass');
    assert.equal(statesOf(found(withoutStarttls(), { legacy: gone }), 'starttls.inconsistent-time'), '');
    assert.equal(statesOf(found({}, { legacy: probeNotTested() }), 'starttls.inconsistent-time'), '');
  });

  it('offered to one name and not to another', () => {
    const other = (...clear: string[]): Probes => ({
      otherHello: { kind: 'seen', helloName: 'other.example', clear },
    });
    assert.equal(statesOf(found({}, other('SIZE')), 'starttls.inconsistent-ehlo'), 'fail');
    assert.equal(statesOf(found(withoutStarttls(), other('STARTTLS')), 'starttls.inconsistent-ehlo'), 'fail');
    assert.equal(statesOf(found({}, other('STARTTLS')), 'starttls.inconsistent-ehlo'), 'pass');
  });
});

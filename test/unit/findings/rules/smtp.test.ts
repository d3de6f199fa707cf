import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IntrusiveSeen, SmtpSeen, Visit } from '../../../../src/findings/observation.ts';
import { smtpFindings } from '../../../../src/findings/rules/smtp.ts';
import {
  answerOf,
  caseOf,
  endedAt,
  hostCase,
  hostTarget,
  now,
  observe,
  only,
  sentAway,
  smtpSeen,
  statesOf,
  withoutStarttls,
} from '../../../support/observations.ts';

const found = (base: Partial<Visit> = {}): ReturnType<typeof smtpFindings> =>
  smtpFindings(caseOf([hostCase([observe({ base })])]));
const atSubmission = (base: Partial<Visit> = {}): ReturnType<typeof smtpFindings> =>
  smtpFindings(hostTarget([observe({ endpoint: { protocol: 'submission' }, base })]));
const greeted = (line: string, code = 220, ms = 40): Partial<Visit> => ({
  greeting: { ms, lines: [line], code },
});
const smtp = (change: Partial<SmtpSeen>): Partial<Visit> => ({ smtp: smtpSeen(change) });

describe('a server in order', () => {
  it('has nothing above info against it', () => {
    assert.deepEqual(
      [...found(), ...atSubmission()].filter(
        ({ state, severity }) => state !== 'pass' && severity !== 'info',
      ),
      [],
    );
  });

  it('other protocols have none of these', () => {
    assert.deepEqual(smtpFindings(hostTarget([observe({ endpoint: { protocol: 'imap' } })])), []);
  });
});

describe('the greeting', () => {
  it('"250" is none', () => {
    assert.equal(statesOf(found(greeted('mx1.example.test', 250)), 'smtp.banner.code'), 'fail');
    const early = { kind: 'broken', at: 'greeting', because: 'a greeting of 250' } as const;
    assert.equal(
      statesOf(found({ ...endedAt(early), ...greeted('mx1.example.test', 250) }), 'smtp.banner.code'),
      'fail',
    );
    assert.equal(statesOf(found(), 'smtp.banner.code'), 'pass');
  });

  it('of somebody who sends us away is not judged', () => {
    for (const kind of ['throttled', 'blocked'] as const)
      assert.deepEqual(found({ ...sentAway(kind), ...greeted('go away', 554) }), []);
  });

  it('after 15 seconds it is late', () => {
    assert.equal(statesOf(found(greeted('mx1.example.test', 220, 15_000)), 'smtp.banner.delay'), 'pass');
    const [late] = only(found(greeted('mx1.example.test', 220, 15_001)), 'smtp.banner.delay');
    assert.deepEqual([late?.state, late?.severity], ['warn', 'info']);
  });

  for (const [line, state] of [
    ['mx1.example.test ESMTP', 'pass'],
    ['[192.0.2.1] ESMTP', 'pass'],
    ['localhost ESMTP', 'warn'],
    ['ESMTP ready', 'warn'],
    ['', 'warn'],
    ['mx_1.example.test. ESMTP', 'pass'],
    ['**************************', 'warn'],
  ] as const) {
    it(`RFC 5321 §4.2: "${line}" ${state === 'pass' ? 'names' : 'does not name'} the server`, () => {
      assert.equal(statesOf(found(greeted(line)), 'smtp.banner.fqdn'), state);
    });
  }

  for (const [line, state] of [
    ['mx1.example.test ESMTP Postfix', 'pass'],
    ['mx1.example.test ESMTP Exim 4.96 Sat, 28 Nov 2026 10:00:00 +0000', 'warn'],
    ['mx1.example.test ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2+deb12u2; Sat, 28 Nov 2026', 'warn'],
    ['mx1.example.test ESMTP Postfix (3.7.11)', 'warn'],
    ['mx.1.2.example.test ESMTP', 'pass'],
    ['mx1.example.test ESMTP OpenSMTPD', 'pass'],
    ['mx1.example.test ESMTP ready at Sat, 28 Nov 2026 10:00:00 +0000', 'pass'],
  ] as const) {
    it(`"${line}" ${state === 'pass' ? 'names no version' : 'names a version'}`, () => {
      assert.equal(statesOf(found(greeted(line)), 'smtp.banner.software-leak'), state);
    });
  }
});

describe('EHLO', () => {
  it('is refused, and HELO too', () => {
    const base = { ...withoutStarttls(), ...smtp({ hello: answerOf(502, 'no'), helo: answerOf(502, 'no') }) };
    assert.equal(statesOf(found(base), 'smtp.ehlo.rejected'), 'fail');
    assert.equal(statesOf(found(base), 'smtp.ehlo.helo-only'), '');
    assert.equal(statesOf(found(), 'smtp.ehlo.rejected'), 'pass');
  });

  it('is refused to us, and nothing more was seen', () => {
    const answer = answerOf(501, '5.5.4 no');
    const base = {
      ...sentAway('refused', answer, 'hello'),
      ...greeted('mx1.example.test'),
      ...smtp({ hello: answer, helo: answer }),
    };
    assert.equal(statesOf(found(base), 'smtp.ehlo.rejected'), 'fail');
    assert.equal(
      statesOf(found({ ...base, end: { kind: 'blocked', at: 'hello', answer } }), 'smtp.ehlo.rejected'),
      '',
    );
  });

  for (const text of [
    '5.5.2 <vm>: Helo command rejected: need fully-qualified hostname',
    '5.5.4 Invalid domain name',
    'Syntactically invalid EHLO argument(s)',
    '5.0.0 vm: invalid domain name',
  ]) {
    it(`is refused for our name, which says nothing of those of others: ${text}`, () => {
      const answer = answerOf(504, text);
      const base = {
        ...sentAway('refused', answer, 'hello'),
        ...greeted('mx1.example.test'),
        ...smtp({ hello: answer, helo: answer }),
      };
      assert.equal(statesOf(found(base), 'smtp.ehlo.rejected'), 'not-tested');
    });
  }

  it('is refused, and HELO taken: such a server can have no STARTTLS', () => {
    const base = {
      ...withoutStarttls(),
      ...smtp({ hello: answerOf(502, 'no'), helo: answerOf(250, 'hello') }),
    };
    const [finding] = only(found(base), 'smtp.ehlo.helo-only');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'high']);
  });

  for (const [text, state] of [
    ['mx1.example.test PIPELINING SIZE', 'pass'],
    ['mx1.example.test', 'pass'],
    ['2.1.5 mx1.example.test', 'pass'],
    ['localhost PIPELINING', 'warn'],
    ['Hello there', 'warn'],
  ] as const) {
    it(`RFC 5321 §4.1.1.1: "250 ${text}" ${state === 'pass' ? 'names' : 'does not name'} the server`, () => {
      assert.equal(statesOf(found(smtp({ hello: answerOf(250, text) })), 'smtp.ehlo.name'), state);
    });
  }

  it('a reply that breaks the syntax behind a good greeting is told of', () => {
    const end = { kind: 'broken', at: 'inside', because: 'a bare line feed' } as const;
    assert.equal(statesOf(found({ end }), 'smtp.line-syntax'), 'fail');
    assert.equal(statesOf(found({ end: { ...end, at: 'handshake' } }), 'smtp.line-syntax'), '');
    const early = { kind: 'broken', at: 'hello', because: 'a bare line feed' } as const;
    assert.equal(
      statesOf(
        found({ ...endedAt(early), ...greeted('mx1.example.test'), smtp: smtpSeen() }),
        'smtp.line-syntax',
      ),
      'fail',
    );
    assert.equal(statesOf(found({ ...endedAt(early), smtp: smtpSeen() }), 'smtp.line-syntax'), '');
    assert.equal(statesOf(found(), 'smtp.line-syntax'), 'pass');
    assert.equal(statesOf(found({ end: { kind: 'closed', at: 'inside' } }), 'smtp.line-syntax'), '');
  });
});

describe('extensions', () => {
  const keywords = [
    'PIPELINING',
    'SIZE',
    '8BITMIME',
    'SMTPUTF8',
    'DSN',
    'ENHANCEDSTATUSCODES',
    'CHUNKING',
    'REQUIRETLS',
  ];
  for (const keyword of keywords) {
    it(`${keyword}: there, and not there`, () => {
      const id = `smtp.ext.${keyword.toLowerCase()}`;
      assert.equal(statesOf(found({ inside: [`${keyword} 1`] }), id), 'pass');
      const [none] = only(found({ inside: [`X${keyword}`] }), id);
      assert.deepEqual([none?.state, none?.severity], ['absent', 'info']);
    });
  }

  it('what is offered inside TLS counts, where TLS is', () => {
    assert.equal(statesOf(found({ clear: ['STARTTLS'], inside: ['DSN'] }), 'smtp.ext.dsn'), 'pass');
  });

  it('RFC 8689: without TLS nobody knows about REQUIRETLS', () => {
    assert.equal(statesOf(found(withoutStarttls()), 'smtp.ext.requiretls'), '');
  });
});

describe('logins', () => {
  const login = { clear: ['STARTTLS', 'AUTH PLAIN LOGIN'] };

  it('RFC 8314 §4.1: before TLS they are high for submission, medium for mail between servers', () => {
    const [sub] = only(atSubmission(login), 'smtp.auth.before-tls');
    assert.deepEqual([sub?.state, sub?.severity], ['fail', 'high']);
    const [mx] = only(found(login), 'smtp.auth.before-tls');
    assert.deepEqual([mx?.state, mx?.severity], ['fail', 'medium']);
    assert.equal(statesOf(atSubmission(), 'smtp.auth.before-tls'), 'pass');
  });

  it('the old spelling AUTH=LOGIN counts', () => {
    assert.equal(statesOf(found({ clear: ['STARTTLS', 'AUTH=LOGIN'] }), 'smtp.auth.before-tls'), 'fail');
  });

  it('mechanisms that give no password away are a low one', () => {
    const [finding] = only(found({ clear: ['STARTTLS', 'AUTH SCRAM-SHA-256'] }), 'smtp.auth.before-tls');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'low']);
  });

  it('where nothing is known of what is offered in clear, nothing is said', () => {
    const implicit = observe({ endpoint: { protocol: 'submission', tls: 'implicit' } });
    assert.equal(statesOf(smtpFindings(hostTarget([implicit])), 'smtp.auth.before-tls'), '');
  });

  it('inside TLS, at an MX host', () => {
    const [finding] = only(found({ inside: ['AUTH PLAIN'] }), 'smtp.auth.on-mx');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'low']);
    assert.equal(statesOf(found(), 'smtp.auth.on-mx'), 'pass');
    assert.equal(statesOf(atSubmission(), 'smtp.auth.on-mx'), '');
    const files = finding?.fix.map(({ lines = [] }) =>
      lines.filter((line) => line.for === 'postfix').map(({ text }) => text),
    );
    assert.deepEqual(files, [
      ['# master.cf', '  -o smtpd_sasl_auth_enable=yes'],
      ['# main.cf', 'smtpd_sasl_auth_enable = no'],
    ]);
  });

  it('at an MX host that is no Postfix there is no word of its files', () => {
    const exim = greeted('220 mx1.example.test ESMTP Exim 4.96 Sat, 28 Nov 2026 18:00:00 +0000');
    const [finding] = only(found({ ...exim, inside: ['AUTH PLAIN'] }), 'smtp.auth.on-mx');
    assert.equal(finding?.fix.length, 1);
    assert.equal(finding?.fix[0]?.lines?.[0]?.for, 'exim');
  });
});

describe('MAIL before TLS', () => {
  const answered = (code: number): Partial<Visit> => smtp({ mailInClear: answerOf(code, 'of the test') });

  it('RFC 3207 §4: "A publicly-referenced SMTP server MUST NOT require use of the STARTTLS extension"', () => {
    assert.equal(statesOf(found(answered(530)), 'smtp.tls-required-25'), 'fail');
    assert.equal(statesOf(found(answered(250)), 'smtp.tls-required-25'), 'pass');
    // A no for another reason says nothing about TLS.
    assert.equal(statesOf(found(answered(451)), 'smtp.tls-required-25'), '');
    assert.equal(statesOf(found(), 'smtp.tls-required-25'), '');
  });

  it('at submission it has to be refused, above all where one can log in', () => {
    const open = { ...answered(250), clear: ['STARTTLS', 'AUTH PLAIN'] };
    const [fail] = only(atSubmission(open), 'smtp.tls-not-required-587');
    assert.deepEqual([fail?.state, fail?.severity], ['fail', 'high']);
    const [warn] = only(atSubmission(answered(250)), 'smtp.tls-not-required-587');
    assert.deepEqual([warn?.state, warn?.severity], ['warn', 'info']);
    assert.equal(statesOf(atSubmission(answered(530)), 'smtp.tls-not-required-587'), 'pass');
  });
});

describe('what is asked with consent', () => {
  const asked = (change: Partial<IntrusiveSeen>): ReturnType<typeof smtpFindings> => {
    const intrusive = { vrfy: null, expn: null, relay: null, ...change };
    return smtpFindings(caseOf([hostCase([observe({ probes: { intrusive } })])]));
  };

  for (const [code, vrfy] of [
    [250, 'fail'],
    [251, 'fail'],
    [252, 'pass'],
    [550, 'pass'],
    [502, 'pass'],
    [421, 'not-tested'],
  ] as const) {
    it(`RFC 5321 §3.5.3: VRFY and EXPN answered with ${code}`, () => {
      assert.equal(statesOf(asked({ vrfy: answerOf(code, 'x') }), 'smtp.vrfy'), vrfy);
      assert.equal(statesOf(asked({ expn: answerOf(code, 'x') }), 'smtp.expn'), vrfy);
    });
  }

  it('RFC 3463 §3.2: 5.1.1 says that there is no such mailbox, 550 alone may refuse the command', () => {
    assert.equal(statesOf(asked({ vrfy: answerOf(550, '5.1.1 unknown user') }), 'smtp.vrfy'), 'warn');
    assert.equal(statesOf(asked({ vrfy: answerOf(550, '5.7.1 no VRFY here') }), 'smtp.vrfy'), 'pass');
  });

  it('relaying for anybody is critical; a no for now may turn into a yes', () => {
    const [open] = only(asked({ relay: answerOf(250, 'ok') }), 'smtp.open-relay');
    assert.deepEqual([open?.state, open?.severity], ['fail', 'critical']);
    assert.equal(statesOf(asked({ relay: answerOf(554, '5.7.1 no') }), 'smtp.open-relay'), 'pass');
    const [grey] = only(asked({ relay: answerOf(450, '4.2.0 greylisted') }), 'smtp.open-relay');
    assert.deepEqual([grey?.state, grey?.retryAt], ['not-tested', now + 60 * 60_000]);
  });

  it('where nobody asked, nothing is said', () => {
    for (const id of ['smtp.vrfy', 'smtp.expn', 'smtp.open-relay'])
      assert.equal(statesOf(found(), id) + statesOf(asked({}), id), '');
  });
});

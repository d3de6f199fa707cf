import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as forAll, property, string } from 'fast-check';
import type {
  DeliveryEvent,
  EventArrival,
  EventTls,
  LoggedEvent,
} from '../../../src/events/delivery-event.ts';
import { credentialExposed } from '../../../src/events/delivery-event.ts';
import { postfixLog } from '../../../src/events/postfix-log.ts';

const received = Date.UTC(2026, 10, 29, 1, 19, 4, 480);
/** As ids are made: the time, then chance. */
const id = `${received.toString(36)}0123456789`;
const settings = { host: 'relay', pid: 45, momentOf: Date.parse, offsetAt: () => 0 };

const tls: EventTls = {
  outcome: 'authenticated',
  required: 'authenticate',
  by: 'override',
  because: 'the certificate is valid for end.localhost',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  group: 'X25519',
  certificateSha256: '00',
  peerName: 'end.localhost',
  tlsa: null,
};
const arrival: EventArrival = {
  by: 'smtp',
  client: '127.0.0.1',
  account: null,
  uid: null,
  messageId: '<m1@sender.test>',
  size: 229,
  recipients: 3,
};

function event(name: DeliveryEvent['event'], changes: Partial<DeliveryEvent> = {}): DeliveryEvent {
  return {
    event: name,
    id,
    at: '2026-11-29T01:19:05.020Z',
    from: 'a@sender.test',
    to: 'b@example.test',
    mx: { host: 'end.localhost', address: '127.0.0.1', port: 22979 },
    reply: null,
    attempt: 1,
    tls: { ...tls, version: null },
    nextAttemptAt: null,
    ...changes,
  };
}

function receivedEvent(
  changes: Partial<EventArrival> = {},
  more: Partial<DeliveryEvent> = {},
): DeliveryEvent {
  const at = '2026-11-29T01:19:04.480Z';
  return event('received', {
    at,
    mx: null,
    tls: null,
    attempt: 0,
    arrival: { ...arrival, ...changes },
    ...more,
  });
}

const linesOf = (events: readonly LoggedEvent[], log = postfixLog(settings)): string[] =>
  log(events).split('\n').slice(0, -1);

/**
 * What Postfix 3.7.11 of Debian wrote (maillog_file) as it took a message by its `sendmail` and handed it to another one.
 *
 * Left out here are the halves of seconds that make up `delays`, the command of a refusal, the signature of a handshake.
 */
const recorded = `
Nov 29 01:19:04 relay postfix/pickup[45]: ID: uid=0 from=<a@sender.test>
Nov 29 01:19:04 relay postfix/cleanup[45]: ID: message-id=<m1@sender.test>
Nov 29 01:19:04 relay postfix/qmgr[45]: ID: from=<a@sender.test>, size=229, nrcpt=3 (queue active)
Nov 29 01:19:05 relay postfix/smtp[45]: Verified TLS connection established to end.localhost[127.0.0.1]:22979: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519
Nov 29 01:19:05 relay postfix/smtp[45]: ID: to=<bad@example.test>, relay=end.localhost[127.0.0.1]:22979, delay=0.53, delays=0/0.53/0/0, dsn=5.1.1, status=bounced (host end.localhost[127.0.0.1] said: 550 5.1.1 <bad@example.test>: Recipient address rejected: no such user)
Nov 29 01:19:05 relay postfix/smtp[45]: ID: to=<later@example.test>, relay=end.localhost[127.0.0.1]:22979, delay=0.54, delays=0/0.54/0/0, dsn=4.2.0, status=deferred (host end.localhost[127.0.0.1] said: 450 4.2.0 <later@example.test>: Recipient address rejected: later)
Nov 29 01:19:05 relay postfix/smtp[45]: ID: to=<b@example.test>, relay=end.localhost[127.0.0.1]:22979, delay=0.55, delays=0/0.55/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 234719C3B50)
Nov 29 01:19:08 relay postfix/postsuper[45]: ID: placed on hold
Nov 29 01:19:08 relay postfix/postsuper[45]: ID: released from hold
Nov 29 01:19:08 relay postfix/postsuper[45]: ID: removed
`;

describe("a log in Postfix's format", () => {
  it('says of a message what Postfix 3.7.11 said of it', () => {
    const refusal = (to: string, name: 'bounced' | 'deferred', code: number, enhanced: string, why: string) =>
      event(name, {
        to,
        at: `2026-11-29T01:19:05.0${name === 'bounced' ? 1 : 2}0Z`,
        tls,
        reply: { code, enhanced, text: `<${to}>: Recipient address rejected: ${why}` },
      });
    const operator = {
      at: '2026-11-29T01:19:08.000Z',
      to: 'later@example.test',
      mx: null,
      tls: null,
    } as const;
    const lines = linesOf([
      receivedEvent({ by: 'local', client: null }),
      receivedEvent({ by: 'local', client: null }, { to: 'bad@example.test' }),
      receivedEvent({ by: 'local', client: null }, { to: 'later@example.test' }),
      refusal('bad@example.test', 'bounced', 550, '5.1.1', 'no such user'),
      refusal('later@example.test', 'deferred', 450, '4.2.0', 'later'),
      event('delivered', {
        at: '2026-11-29T01:19:05.030Z',
        tls,
        reply: { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 234719C3B50' },
      }),
      event('held', operator),
      event('released', operator),
      event('cancelled', operator),
    ]);
    assert.deepEqual(lines, recorded.trim().replaceAll('ID:', `${id}:`).split('\n'));
  });

  it('names the client, and who was logged in, as smtpd does', () => {
    const lines = linesOf([receivedEvent({ client: '2001:db8::7', account: 'anna', messageId: null })]);
    assert.deepEqual(lines, [
      `Nov 29 01:19:04 relay postfix/smtpd[45]: ${id}: client=unknown[2001:db8::7], sasl_username=anna`,
      `Nov 29 01:19:04 relay postfix/qmgr[45]: ${id}: from=<a@sender.test>, size=229, nrcpt=3 (queue active)`,
    ]);
    assert.match(linesOf([receivedEvent({ client: null })])[0] ?? '', /client=unknown\[unknown\]$/);
  });

  it('calls TLS of a client anonymous, as Postfix does where no certificate was asked for', () => {
    const [first] = linesOf([
      receivedEvent({}, { tls: { ...tls, outcome: 'encrypted', group: null, certificateSha256: null } }),
    ]);
    assert.equal(
      first,
      'Nov 29 01:19:04 relay postfix/smtpd[45]: Anonymous TLS connection established from unknown[127.0.0.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)',
    );
  });

  const sessions: readonly (readonly [string, Partial<EventTls>])[] = [
    ['Verified', {}],
    ['Untrusted', { outcome: 'encrypted' }],
    // What blocked the mail: TLS stood, and proved nothing.
    ['Untrusted', { outcome: null }],
    ['Anonymous', { outcome: 'encrypted', certificateSha256: null }],
  ];
  for (const [word, changes] of sessions) {
    it(`calls a session ${word} that is ${JSON.stringify(changes)}`, () => {
      const [first] = linesOf([event('deferred', { tls: { ...tls, ...changes } })]);
      assert.match(first ?? '', new RegExp(`smtp\\[45\\]: ${word} TLS connection established to end`));
    });
  }

  it('says nothing of TLS where there was none', () => {
    const clear = { ...tls, outcome: 'cleartext', version: null, cipher: null } as const;
    assert.equal(linesOf([event('delivered', { tls: clear })]).length, 1);
  });

  it('says it once for recipients that follow each other', () => {
    const twice = linesOf([event('delivered', { tls }), event('delivered', { tls, to: 'c@example.test' })]);
    assert.deepEqual(
      twice.map((line) => line.includes('TLS connection')),
      [true, false, false],
    );
  });

  it('says that a message is removed with its last recipient, and not again', () => {
    const log = postfixLog(settings);
    const removed = (events: readonly DeliveryEvent[]): boolean => log(events).includes(': removed');
    log([receivedEvent({ recipients: 2 }), receivedEvent({ recipients: 2 }, { to: 'c@example.test' })]);
    assert.ok(!removed([event('deferred'), event('blocked'), event('delivered')]));
    assert.ok(removed([event('dropped', { to: 'c@example.test' })]));
    assert.ok(!removed([event('delivered')]));
  });

  it('forgets the oldest message where more are open than it remembers', () => {
    const log = postfixLog(settings, 2);
    const other = (n: number): { id: string } => ({ id: `${id.slice(0, -1)}${n}` });
    for (const n of [1, 2, 3]) log([receivedEvent({ recipients: 1 }, other(n))]);
    const removed = [1, 2, 3].map((n) => log([event('delivered', other(n))]).includes(': removed'));
    assert.deepEqual(removed, [false, true, true]);
  });

  it('RFC 3463 §3.8: says nothing of a message that is held for want of TLS but that security deferred it', () => {
    const lines = linesOf([event('blocked', { tls }), event('held', { tls })]);
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? '', /dsn=4\.7\.0, status=deferred \(the certificate is valid/);
  });

  it('takes a copy of a message for one of its own, with letters and digits alone', () => {
    const [line] = linesOf([event('delivered', { id: `${id}-1` })]);
    assert.match(line ?? '', new RegExp(`: ${id}x1: to=<.* delay=0\\.54,`));
  });

  it('tells of no relay where none was reached, and gives the reason', () => {
    const unreached = { mx: null, tls: { ...tls, version: null, because: 'no answer from DNS' } };
    assert.match(
      linesOf([event('deferred', unreached)])[0] ?? '',
      /relay=none, delay=0\.54, .*, status=deferred \(no answer from DNS\)$/,
    );
    assert.match(linesOf([event('bounced', { mx: null, tls: null })])[0] ?? '', /\(no reason is known\)$/);
  });

  it('RFC 3463 §2: a code whose class is not what became of the mail is not told', () => {
    const reply = { code: 451, enhanced: '4.7.1', text: 'later' };
    assert.match(
      linesOf([event('bounced', { reply })])[0] ?? '',
      /dsn=5\.0\.0, status=bounced \(host .* said: 451 4\.7\.1/,
    );
  });

  it('writes a delay with two digits that count, as Postfix does', () => {
    const delays = [0, 4, 50, 994, 1_234, 9_940, 12_345, 432_000_000].map((ms) => {
      const at = new Date(received + ms).toISOString();
      return /delay=([^,]+),/.exec(linesOf([event('delivered', { at })])[0] ?? '')?.[1];
    });
    assert.deepEqual(delays, ['0', '0', '0.05', '0.99', '1.2', '9.9', '12', '432000']);
  });

  it('RFC 3164 §4.1.2: local time, the day with a space where it has one digit', () => {
    const log = postfixLog({ ...settings, offsetAt: (at) => (at < Date.UTC(2026, 2, 29, 1) ? 60 : 120) });
    const at = (text: string): string => log([event('deferred', { at: text })]).slice(0, 15);
    assert.equal(at('2026-03-29T00:59:59.999Z'), 'Mar 29 01:59:59');
    assert.equal(at('2026-03-29T01:00:00.000Z'), 'Mar 29 03:00:00');
    assert.equal(at('2026-12-31T22:30:00.000Z'), 'Jan  1 00:30:00');
  });

  it('leaves out what concerns no recipient, and a message whose arrival nobody tells', () => {
    assert.deepEqual(linesOf([credentialExposed('anna', '192.0.2.1', '2026-11-29T01:19:05.020Z')]), []);
    const { arrival: _, ...bare } = receivedEvent();
    assert.deepEqual(linesOf([bare]), []);
  });
});

describe('nobody writes a line but we', () => {
  const forged = 'x)\nNov 29 01:19:05 relay postfix/smtp[1]: 1: to=<y@z>, status=sent (';

  it('not by a reply, a name, a login, a Message-ID or an address', () => {
    for (const bad of [
      forged,
      forged.replace('\n', '\r'),
      forged.replace('\n', '\u0085'),
      forged.replace('\n', '\u2028'),
    ]) {
      const reply = { code: 450, enhanced: null, text: bad };
      const lines = log(bad, reply);
      assert.equal(lines.length, 5);
      for (const line of lines) assert.match(line, /^Nov 29 01:19:0[45] relay postfix\/[a-z]+\[45\]: /);
      assert.doesNotMatch(lines.join(''), /[\r\u0085\u2028]/);
    }
  });

  function log(bad: string, reply: DeliveryEvent['reply']): string[] {
    const mx = { host: bad, address: '127.0.0.1', port: 25 };
    return linesOf([
      receivedEvent({ account: bad, messageId: bad, recipients: 9 }, { from: bad }),
      event('deferred', { from: bad, to: bad, mx, reply, tls: { ...tls, version: null } }),
      event('deferred', { reply: null, tls: { ...tls, because: bad, version: null } }),
    ]);
  }

  it('whatever the characters are', () => {
    forAll(
      property(string({ unit: 'binary' }), (bad) => {
        const lines = log(bad, { code: 550, enhanced: bad, text: bad });
        assert.equal(lines.length, 5);
        for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('nor what stands behind an address, by brackets in a quoted local part', () => {
    const [line] = linesOf([
      event('deferred', {
        to: '"x>, relay=none, delay=0, dsn=2.0.0, status=sent (x"@evil.test',
        mx: null,
        tls: null,
      }),
    ]);
    assert.equal(/to=<([^>]*)>, relay=/.exec(line ?? '')?.[1]?.endsWith('@evil.test'), true);
    assert.equal(
      linesOf([receivedEvent({ account: 'a, client=unknown[192.0.2.9]' })])[0]?.split(', ').length,
      2,
    );
  });
});

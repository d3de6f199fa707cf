import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { buildNotification } from '../../../src/mail/dsn.ts';
import { isPlain } from '../../../src/mail/encodings.ts';
import type { Notification, NotifiedRecipient } from '../../../src/mail/notification.ts';
import { type Leaf, readLeaves, valueOf } from './mime-reader.ts';

const random = '0123456789abcdef0123';
const recipient: NotifiedRecipient = {
  address: 'bob@example.net',
  status: '5.1.1',
  because: 'The server of example.net refused this recipient.',
  remote: { host: 'mx.example.net', address: '192.0.2.1' },
  reply: { code: 550, enhanced: '5.1.1', text: 'No such user' },
  tls: null,
  lastAttemptAt: Date.UTC(2026, 10, 22, 3),
  nextAttemptAt: null,
};
const failure: Notification = {
  kind: 'failed',
  hostname: 'relay.example.test',
  to: 'alice@example.org',
  id: '01JX',
  arrivedAt: Date.UTC(2026, 10, 22, 2),
  now: Date.UTC(2026, 10, 22, 3, 0, 1),
  retryUntil: null,
  recipients: [recipient],
  original: Buffer.from('From: alice@example.org\r\nSubject: hello\r\n\r\nthe secret body\r\n'),
};

interface Report {
  readonly top: string;
  readonly text: string;
  /** Groups of delivery-status fields, unfolded. */
  readonly groups: readonly string[];
  readonly original: Leaf;
  readonly whole: string;
}

function build(changes: Partial<Notification>): Report {
  const bytes = buildNotification({ ...failure, ...changes }, random);
  assert.ok(isPlain(bytes));
  const whole = bytes.toString('latin1');
  assert.match(whole, /^(?:[\t\x20-\x7e]|\r\n)*$/);
  const [text, status, original, ...others] = readLeaves(whole);
  if (text === undefined || status === undefined || original === undefined) assert.fail('parts are missing');
  assert.equal(others.length, 0);
  assert.deepEqual(
    [text, status, original].map((leaf) => valueOf(leaf.fields, 'content-type')),
    ['text/plain; charset=us-ascii', 'message/delivery-status', 'text/rfc822-headers'],
  );
  const groups = status.decoded.replace(/\r\n(?= )/g, '').split('\r\n\r\n');
  const top = whole.slice(0, whole.indexOf('\r\n\r\n') + 2).replace(/\r\n(?= )/g, '');
  return { top, text: text.decoded.replace(/\r\n\s*(?=\S)/g, ' '), groups, original, whole };
}

describe('buildNotification of a failure', () => {
  const report = build({});

  it('RFC 3834: says who it is from, for whom, and that a machine wrote it', () => {
    assert.equal(
      report.top,
      [
        'From: Mail Delivery System <mailer-daemon@relay.example.test>',
        'To: <alice@example.org>',
        'Subject: Your message could not be delivered',
        'Date: Sun, 22 Nov 2026 03:00:01 +0000',
        `Message-ID: <${random}@relay.example.test>`,
        'Auto-Submitted: auto-replied',
        'MIME-Version: 1.0',
        `Content-Type: multipart/report; report-type=delivery-status; boundary="=_${random}_0"`,
        '',
      ].join('\r\n'),
    );
  });

  it('RFC 3464 §2: has one group for the message and one for each recipient', () => {
    assert.deepEqual(report.groups, [
      'Reporting-MTA: dns; relay.example.test\r\nArrival-Date: Sun, 22 Nov 2026 02:00:00 +0000',
      [
        'Final-Recipient: rfc822; bob@example.net',
        'Action: failed',
        'Status: 5.1.1',
        'Remote-MTA: dns; mx.example.net',
        'Diagnostic-Code: smtp; 550 5.1.1 No such user',
        'Last-Attempt-Date: Sun, 22 Nov 2026 03:00:00 +0000\r\n',
      ].join('\r\n'),
    ]);
    assert.equal(build({ recipients: [recipient, recipient] }).groups.length, 3);
  });

  it('tells people who, what, why and since when', () => {
    for (const said of [
      'relay.example.test',
      'could not be delivered',
      '<bob@example.net>',
      recipient.because,
      'mx.example.net [192.0.2.1]',
      'It replied: 550 5.1.1 No such user',
      'accepted here on Sun, 22 Nov 2026 02:00:00 +0000 under the id 01JX',
      'Last tried: Sun, 22 Nov 2026 03:00:00 +0000',
    ]) {
      assert.ok(report.text.includes(said), said);
    }
    assert.doesNotMatch(report.text, /Next try|TLS/);
  });

  it('returns the header section and nothing of the body', () => {
    assert.equal(report.original.decoded, 'From: alice@example.org\r\nSubject: hello\r\n');
    assert.doesNotMatch(report.whole, /secret/);
  });

  it('gives the TLS reason where TLS stood in the way, and calls no words of ours smtp', () => {
    const tls = 'mx.example.net showed a certificate that expired.';
    const blocked = build({ recipients: [{ ...recipient, reply: null, tls }] });
    assert.ok(blocked.text.includes(tls));
    assert.match(blocked.text, /not sent unprotected/);
    assert.ok(blocked.groups[1]?.includes(`Diagnostic-Code: x-waxwing; ${tls}`));
  });

  it('leaves out what is not known', () => {
    const bare = build({ recipients: [{ ...recipient, remote: null, reply: null, lastAttemptAt: null }] });
    assert.doesNotMatch(bare.whole, /Remote-MTA|Last-Attempt-Date|Asked:|It replied:|Last tried/);
  });

  for (const status of ['5.1', '2.0.0\r\nX: y', '9.1.1', '', '5.1000.1']) {
    it(`tells the status ${JSON.stringify(status)} as 5.0.0`, () => {
      assert.match(
        build({ recipients: [{ ...recipient, status }] }).groups[1] ?? '',
        /\r\nStatus: 5\.0\.0\r\n/,
      );
    });
  }
});

describe('buildNotification of a delay', () => {
  it('says that it goes on, when it is tried next and when it is given up', () => {
    const nextAttemptAt = Date.UTC(2026, 10, 22, 4);
    const report = build({
      kind: 'delayed',
      retryUntil: Date.UTC(2026, 10, 27, 2),
      recipients: [{ ...recipient, status: '4.4.1', nextAttemptAt }],
    });
    assert.match(report.top, /Subject: Your message is delayed; delivery is still being tried\r\n/);
    assert.match(report.text, /tried again until Fri, 27 Nov 2026 02:00:00 \+0000/);
    assert.match(report.text, /Next try: Sun, 22 Nov 2026 04:00:00 \+0000/);
    assert.match(report.groups[1] ?? '', /Action: delayed\r\nStatus: 4\.4\.1\r\n/);
    assert.match(report.groups[1] ?? '', /Will-Retry-Until: Fri, 27 Nov 2026 02:00:00 \+0000/);
  });
});

describe('buildNotification and hostile material', () => {
  it('puts a reply of many lines on one line', () => {
    const text = 'Sorry\r\nBcc: eve@example.test\r\n\r\nFinal-Recipient: rfc822; eve@example.test\0\x1b[2J';
    const { groups, top } = build({
      recipients: [{ ...recipient, reply: { code: 550, enhanced: null, text } }],
    });
    assert.equal(groups.length, 2);
    assert.match(
      groups[1] ?? '',
      /smtp; 550 Sorry Bcc: eve@example\.test Final-Recipient: .*\\x\{0\}\\x\{1b\}\[2J\r\n/,
    );
    assert.doesNotMatch(top, /Bcc/);
  });

  it('adds no field for an address with line breaks in it', () => {
    const to = 'alice\r\nBcc: eve@example.test\r\n\r\n@example.org';
    assert.deepEqual(
      build({ to, recipients: [{ ...recipient, address: to }] }).top.match(/^[^:\r\n]+(?=:)/gm),
      build({}).top.match(/^[^:\r\n]+(?=:)/gm),
    );
  });

  const originals: readonly [why: string, original: string, returned: string][] = [
    ['8-bit octets', 'Subject: caf\xe9\r\n\r\n', 'Subject: caf\xe9\r\n'],
    ['control characters and a bare LF', 'A: \0\x1b\nb\r\n\r\n', 'A: \0\x1b\nb\r\n'],
    ['a line of 2000 octets', `A: ${'x'.repeat(2000)}\r\n\r\n`, `A: ${'x'.repeat(2000)}\r\n`],
    ['no header at all', '\r\nbody', ''],
    ['nothing', '', ''],
  ];
  for (const [why, original, returned] of originals) {
    it(`returns a header with ${why} so that it decodes to what it was`, () => {
      assert.equal(build({ original: Buffer.from(original, 'latin1') }).original.decoded, returned);
    });
  }

  it('returns whole fields up to 64 KB of a header without end', () => {
    const original = Buffer.from('X: y\r\n'.repeat(2_000_000));
    const returned = build({ original }).original.decoded;
    assert.match(returned, /^(?:X: y\r\n)+$/);
    assert.ok(returned.length <= 65_536);
  });

  it('chooses a boundary that occurs nowhere, even where the random text was foreseen', () => {
    const original = Buffer.from(`A: x\r\n =_${random}_0\r\n --=_${random}_1--\r\nB: c\r\n\r\n`);
    const report = build({ original });
    assert.match(report.top, /boundary="=_0123456789abcdef0123_2"/);
    assert.equal(report.original.decoded, original.subarray(0, -2).toString());
  });

  it('is a 7-bit report of three parts with the same fields, whatever anybody wrote', () => {
    const pieces = fc.constantFrom(
      '\r\n',
      '\r\n\r\n',
      '--',
      `=_${random}_0`,
      ' ',
      'é',
      '\0',
      ';',
      'X: y',
      'w'.repeat(1200),
    );
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 10 }).map((all) => all.join('')),
      fc.string({ unit: 'binary' }),
    );
    const expected = build({}).top.match(/^[^:\r\n]+(?=:)/gm);
    fc.assert(
      fc.property(text, text, text, text, fc.uint8Array(), (a, b, c, d, octets) => {
        const hostile = {
          ...recipient,
          address: a,
          because: b,
          reply: { code: 550, enhanced: c, text: d },
          tls: b,
        };
        const report = build({
          to: a,
          id: c,
          recipients: [{ ...hostile, remote: { host: d, address: a } }, hostile],
          original: Buffer.concat([Buffer.from('A: '), octets, Buffer.from('\r\n\r\n')]),
        });
        assert.deepEqual(report.top.match(/^[^:\r\n]+(?=:)/gm), expected);
        assert.equal(report.groups.length, 3);
        assert.equal(report.groups[1]?.split('\r\n').length, 6);
      }),
      { numRuns: 300 },
    );
  });
});

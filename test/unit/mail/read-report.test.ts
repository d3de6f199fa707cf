import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { buildNotification } from '../../../src/mail/dsn.ts';
import { readReport } from '../../../src/mail/read-report.ts';
import { reportOfExim, reportOfPostfix } from './reports.ts';

const fields = {
  message: 'Reporting-MTA: dns; mx.test',
  recipient: 'Final-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1',
};

/** A report with LF for CRLF. */
function report(
  status = `${fields.message}\n\n${fields.recipient}\n`,
  how: { readonly type?: string; readonly part?: string } = {},
): Buffer {
  const type = how.type ?? 'multipart/report; report-type=delivery-status; boundary="b"';
  const part = how.part ?? 'Content-Type: message/delivery-status';
  const text = `Content-Type: ${type}\n\n--b\nContent-Type: text/plain\n\nsorry\n--b\n${part}\n\n${status}\n--b--\n`;
  return Buffer.from(text.replaceAll('\n', '\r\n'));
}

function recipientsOf(message: Uint8Array): readonly unknown[] {
  const read = readReport(message);
  return read.kind === 'report' ? read.recipients : [read.because];
}

const plain = {
  action: 'failed',
  status: '5.1.1',
  finalRecipient: 'a@b.test',
  originalRecipient: null,
  remoteMta: null,
  diagnostic: null,
};

describe('a report', () => {
  it('of Postfix 3.7.11 is read', () => {
    assert.deepEqual(readReport(reportOfPostfix), {
      kind: 'report',
      reportingMta: 'postfix.test',
      envelopeId: 'QQ314159',
      recipients: [
        {
          action: 'failed',
          status: '5.0.0',
          finalRecipient: 'gone@example.test',
          originalRecipient: 'gone@example.test',
          remoteMta: '127.0.0.1',
          diagnostic: '550 relay not permitted',
        },
      ],
    });
  });

  it('of Exim 4.96 is read', () => {
    assert.deepEqual(readReport(reportOfExim), {
      kind: 'report',
      reportingMta: 'exim.test',
      envelopeId: null,
      recipients: [
        {
          action: 'failed',
          status: '5.0.0',
          finalRecipient: 'unknown@example.test',
          originalRecipient: null,
          remoteMta: '127.0.0.1',
          diagnostic:
            '550 5.1.1 <unknown@example.test>: Recipient address rejected: User unknown in virtual mailbox table',
        },
      ],
    });
  });

  it('is read although the message behind it was cut off', () => {
    const cut = reportOfPostfix.subarray(0, reportOfPostfix.indexOf('Undelivered Message'));
    assert.deepEqual(recipientsOf(cut), recipientsOf(reportOfPostfix));
  });

  it('of our own is read, to an address beyond ASCII, too', () => {
    for (const to of ['anna@list.test', 'jürgen@list.test']) {
      const built = buildNotification(
        {
          kind: 'failed',
          hostname: 'relay.test',
          to,
          id: 'm1',
          envelopeId: 'QQ',
          arrivedAt: 0,
          now: 1,
          retryUntil: null,
          nextReports: false,
          recipients: [
            {
              address: to,
              originalRecipient: null,
              status: '5.1.1',
              because: '',
              remote: { host: 'mx.test', address: '192.0.2.1' },
              reply: { code: 550, enhanced: '5.1.1', text: 'unknown' },
              travel: null,
              tls: null,
              lastAttemptAt: 0,
              nextAttemptAt: null,
            },
          ],
          original: { kind: 'headers', message: Buffer.from('Subject: x\r\n'), whyNotAll: null },
        },
        'abcdefghijklmnopqrst',
      );
      const read = readReport(built);
      assert.equal(read.kind, 'report');
      assert.deepEqual(read.recipients, [
        {
          action: 'failed',
          status: '5.1.1',
          finalRecipient: to,
          originalRecipient: null,
          remoteMta: 'mx.test',
          diagnostic: '550 5.1.1 unknown',
        },
      ]);
    }
  });

  it('RFC 3464 §2.3: says of each recipient what became of him', () => {
    const second = 'Original-Recipient: rfc822;c@d.test\nAction: Delayed (soon)\nStatus: 4.2.2 (full)';
    const later = second.replace(' (soon)', '');
    const status = `${fields.message}\n\n\n${fields.recipient}\n\n${later}\n\n${second}\n`;
    assert.deepEqual(recipientsOf(report(status)), [
      plain,
      { ...plain, action: 'delayed', status: '4.2.2', finalRecipient: null, originalRecipient: 'c@d.test' },
    ]);
  });

  it('is read without fields of the message, or without the empty line behind them', () => {
    assert.deepEqual(recipientsOf(report(fields.recipient)), [plain]);
    assert.deepEqual(recipientsOf(report(`${fields.message}\n${fields.recipient}`)), [plain]);
  });

  it('RFC 6533 §4: is read in UTF-8, and however it is encoded', () => {
    const status = `${fields.message}\n\nFinal-Recipient: utf-8; j\\x{FC}rgen@b.test\nAction: failed\nStatus: 5.1.1\n`;
    const wanted = [{ ...plain, finalRecipient: 'jürgen@b.test' }];
    const part = (encoding: string): string =>
      `Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: ${encoding}`;
    assert.deepEqual(recipientsOf(report(status, { part: part('8bit') })), wanted);
    const base64 = Buffer.from(status.replaceAll('\n', '\r\n')).toString('base64');
    assert.deepEqual(recipientsOf(report(base64, { part: part('base64') })), wanted);
    const quoted = status.replace('Action', '=41ct=\nion');
    assert.deepEqual(recipientsOf(report(quoted, { part: part('quoted-printable') })), wanted);
  });

  it('keeps of values one line of printable characters, and no more than 500', () => {
    const long = `${fields.recipient}\nDiagnostic-Code: smtp; 550 \u001b[2J\u202e${'x'.repeat(600)}\n folded`;
    const [recipient] = recipientsOf(report(long)) as readonly { readonly diagnostic: string }[];
    assert.match(recipient?.diagnostic ?? '', /^550 \[2J x+$/);
    assert.ok((recipient?.diagnostic.length ?? 0) <= 500);
  });

  it('RFC 6533 §3: keeps no more of them where `\\x{…}` stands for a character that ends a line or steers a terminal', () => {
    const escaped = String.raw`550\x{0A}Nov\x{1B}[2J\x{202E}\x{2028}x`;
    const told = `${fields.recipient}\nDiagnostic-Code: utf-8; ${escaped}\nRemote-MTA: utf-8; ${String.raw`\x{0A}`}`;
    const [recipient] = recipientsOf(report(told));
    assert.deepEqual(recipient, { ...plain, diagnostic: '550 Nov [2J x' });
  });

  it('names at most 100 recipients', () => {
    const many = Array.from({ length: 500 }, () => fields.recipient).join('\n\n');
    assert.equal(recipientsOf(report(`${fields.message}\n\n${many}`)).length, 100);
  });
});

describe('what is no report', () => {
  const cases: readonly [why: string, message: Buffer, because: RegExp][] = [
    ['is a letter', Buffer.from('Subject: x\r\n\r\nI am away until Monday.\r\n'), /no multipart\/report/],
    [
      'is about something else',
      report(undefined, { type: 'multipart/report; report-type=feedback-report; boundary=b' }),
      /report-type/,
    ],
    [
      'has no boundary',
      report(undefined, { type: 'multipart/report; report-type=delivery-status' }),
      /boundary/,
    ],
    [
      'has another boundary',
      report(undefined, { type: 'multipart/report; report-type=delivery-status; boundary=c' }),
      /boundary/,
    ],
    ['has no status', report(undefined, { part: 'Content-Type: text/plain' }), /no part/],
    [
      'has two types',
      report(undefined, { part: 'Content-Type: message/delivery-status\nContent-Type: text/plain' }),
      /no part/,
    ],
    ['names nobody', report(fields.message), /of no recipient/],
    [
      'has an action that nobody knows',
      report(fields.recipient.replace('failed', 'exploded')),
      /of no recipient/,
    ],
    ['has a status that is none', report(fields.recipient.replace('5.1.1', '5.1')), /of no recipient/],
    [
      'has a status with more behind it',
      report(fields.recipient.replace('5.1.1', '5.1.1.1')),
      /of no recipient/,
    ],
  ];
  for (const [why, message, because] of cases)
    it(why, () => {
      const read = readReport(message);
      assert.equal(read.kind, 'none');
      assert.match(read.because, because);
    });

  it('never throws, whatever it is', () => {
    const whole = report();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, octet, length) => {
        const bytes = Buffer.from(whole.subarray(0, Math.max(at + 1, length)));
        bytes[at] = octet;
        readReport(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

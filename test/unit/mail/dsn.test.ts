import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { buildNotification } from '../../../src/mail/dsn.ts';
import { isPlain, octetFacts } from '../../../src/mail/encodings.ts';
import type { Notification, NotifiedRecipient, Original } from '../../../src/mail/notification.ts';
import { type Leaf, readLeaves, valueOf } from './mime-reader.ts';

const random = '0123456789abcdef0123';
const recipient: NotifiedRecipient = {
  address: 'bob@example.net',
  originalRecipient: null,
  status: '5.1.1',
  because: 'The server of example.net refused this recipient.',
  remote: { host: 'mx.example.net', address: '192.0.2.1' },
  reply: { code: 550, enhanced: '5.1.1', text: 'No such user' },
  travel: null,
  tls: null,
  lastAttemptAt: Date.UTC(2026, 10, 22, 3),
  nextAttemptAt: null,
};
const failure: Notification = {
  kind: 'failed',
  hostname: 'relay.example.test',
  to: 'alice@example.org',
  id: '01JX',
  envelopeId: null,
  arrivedAt: Date.UTC(2026, 10, 22, 2),
  now: Date.UTC(2026, 10, 22, 3, 0, 1),
  retryUntil: null,
  nextReports: false,
  recipients: [recipient],
  original: headerOf('From: alice@example.org\r\nSubject: hello\r\n\r\nthe secret body\r\n'),
};

function headerOf(message: string | Uint8Array): Original {
  return { kind: 'headers', message: Buffer.from(message), whyNotAll: null };
}

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

  it('ends the TLS reason with one full stop, whether it came with one or not', () => {
    for (const tls of ['mx.example.net does not offer STARTTLS', 'mx.example.net does not offer STARTTLS.']) {
      const { text } = build({ recipients: [{ ...recipient, reply: null, tls }] });
      assert.ok(text.includes('does not offer STARTTLS. The message was not sent unprotected'), text);
    }
  });

  it('leaves out what is not known', () => {
    const bare = build({ recipients: [{ ...recipient, remote: null, reply: null, lastAttemptAt: null }] });
    assert.doesNotMatch(bare.whole, /Remote-MTA|Last-Attempt-Date|Asked:|It replied:|Last tried/);
  });

  for (const status of ['5.1', '2.0.0\r\nX: y', '9.1.1', '', '5.1000.1', '4.2.1', '2.0.0']) {
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

describe('buildNotification of a success', () => {
  const reply = { code: 250, enhanced: '2.1.5', text: 'taken' };
  for (const [kind, subject, said] of [
    ['relayed', 'Your message was passed on', 'does not report success'],
    ['delivered', 'Your message was delivered', 'was delivered to the recipient below'],
    ['expanded', 'Your message was passed on to several mailboxes', 'passed on to the mailboxes behind it'],
  ] as const) {
    it(`RFC 3464 §2.3.3: says ${kind}, with a status of class 2`, () => {
      const report = build({ kind, recipients: [{ ...recipient, because: '', status: '2.1.5', reply }] });
      assert.ok(report.top.includes(`Subject: ${subject}\r\n`));
      assert.ok(report.text.includes(said));
      assert.match(report.groups[1] ?? '', new RegExp(`Action: ${kind}\r\nStatus: 2\\.1\\.5\r\n`));
      assert.match(report.groups[1] ?? '', /Diagnostic-Code: smtp; 250 2\.1\.5 taken/);
      assert.doesNotMatch(report.whole, /secret/);
    });
  }
});

describe('buildNotification and the way of the mail', () => {
  const travel = {
    outcome: 'authenticated',
    required: 'none',
    by: 'default',
    version: 'TLSv1.3',
    because: 'it did',
  } as const;
  const told = (change: Partial<NonNullable<NotifiedRecipient['travel']>>): Report =>
    build({ recipients: [{ ...recipient, travel: { ...travel, ...change } }] });
  const rows = [
    [
      {},
      'authenticated; required=none; by=default; version=TLSv1.3',
      'to a host that proved who it is: it did.',
    ],
    [
      { outcome: 'encrypted' },
      'encrypted; required=none; by=default; version=TLSv1.3',
      'travelled over TLS (TLSv1.3) to a host that did not prove who it is: it did.',
    ],
    [
      { outcome: 'cleartext', version: null },
      'cleartext; required=none; by=default',
      'travelled in clear, where anybody on the way could read it: it did.',
    ],
    [
      { outcome: null, version: null, required: 'encrypt', by: 'dane' },
      'not-sent; required=encrypt; by=dane',
      'It has not been sent. It has to travel over TLS (by dane).',
    ],
    [
      { outcome: null, version: null },
      'not-sent; required=none; by=default',
      'It has not been sent. Nothing is required of its way.',
    ],
  ] as const;
  for (const [change, field, text] of rows) {
    it(`RFC 3464 §2.4: in a field of our own, and in words: ${field}`, () => {
      const report = told(change);
      assert.ok(report.groups[1]?.includes(`X-Waxwing-TLS: ${field}\r\nX-Waxwing-TLS-Because: it did`));
      assert.ok(report.text.includes(text), report.text);
    });
  }

  it('in clear to an address of this host nobody on the way could read it', () => {
    for (const [address, said] of [
      ['127.0.0.1', 'It was handed to the mail server of this host: it did.'],
      ['::1', 'It was handed to the mail server of this host: it did.'],
      ['192.0.2.1', 'anybody on the way could read it'],
      [null, 'anybody on the way could read it'],
    ] as const) {
      const inClear = { ...travel, outcome: 'cleartext', version: null } as const;
      const { text } = build({
        recipients: [{ ...recipient, remote: { host: 'localhost', address }, travel: inClear }],
      });
      assert.ok(text.includes(said), text);
    }
  });

  it('what a peer has a hand in stays on its line', () => {
    const { groups, whole } = told({ because: 'a\r\nAction: delivered', version: 'TLSv1.3\r\nX: y' });
    assert.doesNotMatch(groups[1] ?? '', /\r\nAction: delivered/);
    assert.doesNotMatch(whole, /^X: y/m);
  });
});

describe('buildNotification and what the sender said in the envelope', () => {
  const envelopes: readonly [why: string, sent: string, told: string][] = [
    ['plain xtext', 'QQ314159', 'QQ314159'],
    ['encoded characters', 'a+3Db+2Bc', 'a=b+c'],
    ['what is no xtext, as it came', 'a=b', 'a=b'],
    ['a line break, which stays encoded', 'a+0D+0AX:y', 'a+0D+0AX:y'],
  ];
  for (const [why, sent, told] of envelopes) {
    it(`RFC 3464 §2.2.1: Original-Envelope-Id is decoded: ${why}`, () => {
      const [group = ''] = build({ envelopeId: sent }).groups;
      assert.equal(/^Original-Envelope-Id: (.*)\r\n/.exec(group)?.[1], told);
    });
  }

  const originals: readonly [why: string, orcpt: string, told: string][] = [
    ['plain', 'rfc822;bob@list.example', 'rfc822; bob@list.example'],
    ['with encoded characters', 'rfc822;bob+2Btag@list.example', 'rfc822; bob+tag@list.example'],
    ['of another type', 'X400;/G+3Dbob/', 'X400; /G=bob/'],
    ['beyond ASCII', 'utf-8;j\\x{F6}rg@list.example', 'utf-8; j\\x{F6}rg@list.example'],
    ['beyond ASCII, unencoded', 'utf-8;jörg@list.example', 'utf-8; j\\x{F6}rg@list.example'],
    ['what is no xtext, as it came', 'rfc822;bob=tag', 'rfc822; bob=tag'],
    ['without a type, as it came', 'bob', 'bob'],
    ['a line break, which stays encoded', 'rfc822;bob+0D+0AX:y', 'rfc822; bob+0D+0AX:y'],
  ];
  for (const [why, orcpt, told] of originals) {
    it(`RFC 3464 §2.3.1: Original-Recipient comes first, decoded: ${why}`, () => {
      const group = build({ recipients: [{ ...recipient, originalRecipient: orcpt }] }).groups[1] ?? '';
      assert.equal(/^Original-Recipient: (.*)\r\nFinal-Recipient: /.exec(group)?.[1], told);
    });
  }

  it('returns the whole message where that is to be', () => {
    const message = Buffer.from('Subject: hello\r\n\r\nthe body\r\n');
    const whole = buildNotification({ ...failure, original: { kind: 'full', message } }, random).toString();
    assert.ok(
      whole.includes('\r\nContent-Type: message/rfc822\r\n\r\nSubject: hello\r\n\r\nthe body\r\n\r\n--'),
    );
    assert.match(whole, /Your message is attached/);
  });

  it('says why the whole message is not returned', () => {
    const original = { kind: 'headers', message: Buffer.from(''), whyNotAll: 'it is too big' } as const;
    assert.match(
      build({ original }).text,
      /You asked for the whole message in return: it is too big\. The header/,
    );
  });
});

describe('buildNotification beyond ASCII (RFC 6533)', () => {
  const address = 'jörg+x@example.net';

  it('to an ASCII sender it stays 7-bit, with the encoded form of the address', () => {
    const report = build({ recipients: [{ ...recipient, address }] });
    assert.match(report.groups[1] ?? '', /^Final-Recipient: utf-8; j\\x\{F6\}rg\\x\{2B\}x@example\.net\r\n/);
  });

  const header = 'Subject: grüße\r\nX: y\r\n';
  const utf8 = buildNotification(
    {
      ...failure,
      to: 'älice@example.org',
      recipients: [{ ...recipient, address, originalRecipient: 'utf-8;j\\x{F6}rg@list.example' }],
      original: headerOf(`${header}\r\nbody`),
    },
    random,
  );
  const leaves = readLeaves(utf8.toString('latin1'));
  const asText = (leaf: Leaf | undefined): string => Buffer.from(leaf?.decoded ?? '', 'latin1').toString();

  it('to a sender beyond ASCII it is written in UTF-8, and every part says so', () => {
    assert.match(utf8.toString(), /^To: <älice@example\.org>\r$/m);
    assert.match(
      utf8.toString().replace(/\r\n(?= )/g, ''),
      /^Content-Type: multipart\/report; report-type=global-delivery-status;/m,
    );
    assert.deepEqual(
      leaves.map(({ fields }) => [
        valueOf(fields, 'content-type'),
        valueOf(fields, 'content-transfer-encoding'),
      ]),
      [
        ['text/plain; charset=utf-8', '8bit'],
        ['message/global-delivery-status', '8bit'],
        ['message/global-headers', '8bit'],
      ],
    );
    assert.match(asText(leaves[0]), /<jörg\+x@example\.net>/);
    assert.match(
      asText(leaves[1]),
      /^Original-Recipient: utf-8; jörg@list\.example\r\nFinal-Recipient: utf-8; jörg\+x@example\.net\r$/m,
    );
    assert.equal(asText(leaves[2]), header);
  });

  it('a header that is no UTF-8 is not called so', () => {
    const original = headerOf(Buffer.from('A: caf\xe9\r\n\r\n', 'latin1'));
    const last = readLeaves(
      buildNotification({ ...failure, to: 'älice@example.org', original }, random).toString('latin1'),
    ).at(-1);
    assert.equal(valueOf(last?.fields ?? [], 'content-type'), 'text/rfc822-headers');
    assert.equal(last?.decoded, 'A: caf\xe9\r\n');
  });

  it('has no line over 998 octets and no control character, whatever anybody wrote', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme', minLength: 300, maxLength: 900 }),
    );
    fc.assert(
      fc.property(text, text, fc.uint8Array(), (a, b, octets) => {
        const bytes = buildNotification(
          {
            ...failure,
            to: `ä${a}`,
            envelopeId: b,
            recipients: [{ ...recipient, address: b, originalRecipient: `utf-8;${a}`, because: b }],
            original: headerOf(octets),
          },
          random,
        );
        assert.ok(octetFacts(bytes).longestLine <= 998);
        assert.doesNotMatch(bytes.toString().replaceAll('\r\n', ''), /\p{Cc}/u);
      }),
      { numRuns: 200 },
    );
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
      assert.equal(build({ original: headerOf(Buffer.from(original, 'latin1')) }).original.decoded, returned);
    });
  }

  it('returns whole fields up to 64 KB of a header without end', () => {
    const original = Buffer.from('X: y\r\n'.repeat(2_000_000));
    const returned = build({ original: headerOf(original) }).original.decoded;
    assert.match(returned, /^(?:X: y\r\n)+$/);
    assert.ok(returned.length <= 65_536);
  });

  it('chooses a boundary that occurs nowhere, even where the random text was foreseen', () => {
    const original = Buffer.from(`A: x\r\n =_${random}_0\r\n --=_${random}_1--\r\nB: c\r\n\r\n`);
    const report = build({ original: headerOf(original) });
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
          originalRecipient: d,
          because: b,
          reply: { code: 550, enhanced: c, text: d },
          tls: b,
        };
        const report = build({
          to: a.replace(/[^\0-\x7f]/g, '?'),
          id: c,
          envelopeId: b,
          recipients: [{ ...hostile, remote: { host: d, address: a } }, hostile],
          original: headerOf(Buffer.concat([Buffer.from('A: '), octets, Buffer.from('\r\n\r\n')])),
        });
        assert.deepEqual(report.top.match(/^[^:\r\n]+(?=:)/gm), expected);
        assert.equal(report.groups.length, 3);
        assert.equal(report.groups[1]?.split('\r\n').length, 7);
      }),
      { numRuns: 300 },
    );
  });
});

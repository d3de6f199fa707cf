import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type MessageRules, prepareMessage } from '../../../../src/cli/sendmail/message.ts';
import { parseMailbox } from '../../../../src/names/mailbox.ts';

const sender = parseMailbox('me@host.test');
const rules: MessageRules = {
  domain: 'host.test',
  sender: sender.kind === 'ok' ? sender.value : null,
  fullName: undefined,
  recipientsFromHeader: true,
};

function prepare(text: string, more: Partial<MessageRules> = {}): { content: string; to: readonly string[] } {
  const message = prepareMessage(Buffer.from(text), { ...rules, ...more });
  assert.equal(message.kind, 'ok', JSON.stringify(message));
  return {
    content: Buffer.from(message.content).toString(),
    to: message.recipients.map(({ text: to }) => to),
  };
}

const FROM = 'From: me@host.test\r\n';

describe('recipients from the header', () => {
  it('are those of To, Cc and Bcc, and Bcc is left out', () => {
    const { content, to } = prepare(
      'To: a@x.test, B <b@x.test>\nCC: c@x.test\nBcc: d@x.test,\n e@x.test\n\nhi\n',
    );
    assert.deepEqual(to, ['a@x.test', 'b@x.test', 'c@x.test', 'd@x.test', 'e@x.test']);
    assert.equal(content, `${FROM}To: a@x.test, B <b@x.test>\r\nCC: c@x.test\r\n\r\nhi\r\n`);
  });

  it('Bcc is left out where recipients stand on the command line, too', () => {
    const { content, to } = prepare('Bcc: d@x.test\nBCC : e@x.test\nResent-Bcc: f@x.test\n\nhi\n', {
      recipientsFromHeader: false,
    });
    assert.deepEqual([to, content], [[], `${FROM}\r\nhi\r\n`]);
  });

  it('RFC 5322 §3.6.6: of a message that is resent, those of its newest block', () => {
    const { content, to } = prepare(
      'Resent-To: new@x.test\nResent-Cc: copy@x.test\nResent-Bcc: hidden@x.test\n' +
        'Resent-To: old@x.test\nReceived: x\nResent-To: older@x.test\nTo: first@x.test\n\n',
    );
    assert.deepEqual(to, ['new@x.test', 'copy@x.test', 'hidden@x.test']);
    assert.doesNotMatch(content, /hidden/);
    assert.match(content, /older/);
  });

  it('an empty group names nobody, a group with members names them', () => {
    assert.deepEqual(prepare('To: undisclosed-recipients:;\nCc: Team: a@x.test, b@x.test;\n\n').to, [
      'a@x.test',
      'b@x.test',
    ]);
  });

  it('RFC 6532: addresses beyond ASCII', () => {
    assert.deepEqual(prepare('To: Jörg <jörg@x.test>\n\n').to, ['jörg@x.test']);
  });

  it('what is no address sends nothing', () => {
    for (const wrong of [
      'a@x.test b@x.test',
      '<a@x.test',
      'a@@x.test',
      '"a',
      'a@x.test; b@x.test',
      'x: y: a@b.test;',
    ]) {
      const message = prepareMessage(Buffer.from(`To: ${wrong}\n\n`), rules);
      assert.equal(message.kind === 'failed' && message.code, 65, wrong);
    }
  });
});

describe('names without a domain', () => {
  it('get that of the host, in the header as well, with comments and folds where they stood', () => {
    const { content, to } = prepare(
      'From: root (Cron Daemon)\nTo: root, "Ann, Other" <ann>,\n b@x.test\nSubject: root\n\n',
    );
    assert.deepEqual(to, ['root@host.test', 'ann@host.test', 'b@x.test']);
    assert.equal(
      content,
      'From: root@host.test (Cron Daemon)\r\nTo: root@host.test, "Ann, Other" <ann@host.test>, b@x.test\r\nSubject: root\r\n\r\n',
    );
  });

  it('a field that is complete, or cannot be read, keeps every octet', () => {
    const fields = 'From:  a@x.test  (x)\r\nTo: "A" <a@x.test>,\r\n\tb@x.test\r\nReply-To: <broken\r\n';
    assert.equal(prepare(`${fields}\r\n`, { recipientsFromHeader: false }).content, `${fields}\r\n`);
  });
});

describe('what is missing', () => {
  it('From is the sender, with the name of -F', () => {
    const from = (more: Partial<MessageRules>): string =>
      prepare('Subject: x\n\n', more).content.split('\r\n')[0] ?? '';
    assert.equal(from({}), 'From: me@host.test');
    assert.equal(from({ fullName: 'Anna B' }), 'From: Anna B <me@host.test>');
    assert.equal(from({ fullName: 'B., "A" \\' }), 'From: "B., \\"A\\" \\\\" <me@host.test>');
    assert.equal(from({ fullName: 'Jörg' }), 'From: =?utf-8?B?SsO2cmc=?= <me@host.test>');
    assert.equal(from({ sender: null }), 'From: MAILER-DAEMON@host.test');
  });

  it('RFC 2047 §2: "encoded-word" of at most 75 characters, no character cut', () => {
    const { content } = prepare('\n', { fullName: 'ä€😀'.repeat(20) });
    const words = [...content.matchAll(/=\?utf-8\?B\?([^?]*)\?=/g)];
    assert.ok(words.length > 2 && words.every(([word]) => word.length <= 75));
    assert.equal(
      words.map(([, text = '']) => Buffer.from(text, 'base64').toString()).join(''),
      'ä€😀'.repeat(20),
    );
  });

  it('nobody writes further fields by a name', () => {
    const { content } = prepare('\nbody\n', { fullName: 'x\r\nBcc: evil@x.test\r\n\r\nbody' });
    assert.equal(content.split('\r\n\r\n').length, 2);
    assert.doesNotMatch(content, /^Bcc/m);
  });

  it('the empty line, where the text begins without a header or in the middle of it', () => {
    assert.equal(prepare('hello\nthere\n').content, `${FROM}\r\nhello\r\nthere\r\n`);
    assert.equal(prepare('Subject: x\nhello\n').content, `${FROM}Subject: x\r\n\r\nhello\r\n`);
    assert.equal(prepare('Subject: x\n').content, `${FROM}Subject: x\r\n\r\n`);
    assert.equal(prepare('').content, `${FROM}\r\n`);
    assert.equal(prepare(' folded\n').content, `${FROM}\r\n folded\r\n`);
  });
});

describe('other lines', () => {
  it('the first line of a message out of a mailbox is no part of it', () => {
    assert.equal(
      prepare('From me Sat Nov 28 2026\n>From x y\nSubject: x\n\nFrom here\n').content,
      `${FROM}Subject: x\r\n\r\nFrom here\r\n`,
    );
  });

  it('RFC 5321 §4.4: Return-Path is for whoever delivers', () => {
    assert.doesNotMatch(prepare('Return-Path: <x@y.test>\nSubject: x\n\n').content, /Return-Path/);
  });

  it('refuses NUL, and a header beyond its limits', () => {
    const code = (text: string): number | undefined => {
      const message = prepareMessage(Buffer.from(text), rules);
      return message.kind === 'failed' ? message.code : undefined;
    };
    assert.equal(code('Subject: x\n\n\0'), 65);
    assert.equal(code(`${'X: y\n'.repeat(5_000)}\n`), undefined);
    assert.equal(code(`${'X: y\n'.repeat(5_001)}\n`), 65);
    assert.equal(code(`X: ${'y'.repeat(1_048_576)}\n\n`), 65);
  });

  it('is done in time that grows with the size, for whatever comes', () => {
    for (const evil of ['(', ',', '<', '"', '"\\', 'a.', '@', ':', ';', '\n ']) {
      // Processor time: the others on the machine do not count.
      const before = process.cpuUsage();
      prepareMessage(Buffer.from(`To: ${evil.repeat(500_000 / evil.length)}\n\n`), rules);
      const { user } = process.cpuUsage(before);
      assert.ok(user < 2_000_000, JSON.stringify(evil));
    }
  });

  it('the body arrives as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', ' ', ':', '\n'), maxLength: 30 }), (body) => {
        const { content } = prepare(`Subject: x\n\n${body}\n`);
        assert.equal(content, `${FROM}Subject: x\r\n\r\n${`${body}\n`.replaceAll('\n', '\r\n')}`);
      }),
    );
  });
});

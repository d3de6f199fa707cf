import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Command, parseCommand } from '../../../../../src/protocols/smtp/server/parse.ts';

/** What a line is, in a few words. */
function read(line: string): string {
  const parsed = parseCommand(line);
  if (parsed.kind === 'command') return describeCommand(parsed.command);
  return parsed.kind === 'unknown' ? 'unknown' : `${parsed.code} ${parsed.enhanced}`;
}

function describeCommand(command: Command): string {
  switch (command.verb) {
    case 'EHLO':
    case 'HELO':
      return `${command.verb} ${command.name}`;
    case 'MAIL':
      return [
        `MAIL ${command.sender?.text ?? '<>'} ${command.size ?? 'unsized'}`,
        ...(command.smtpUtf8 ? ['SMTPUTF8'] : []),
        ...(command.requireTls ? ['REQUIRETLS'] : []),
      ].join(' ');
    case 'RCPT':
      return `RCPT ${command.recipient === 'postmaster' ? 'postmaster' : command.recipient.text}`;
    case 'BDAT':
      return `BDAT ${command.octets}${command.last ? ' last' : ''}`;
    case 'AUTH':
      return `AUTH ${command.mechanism} ${command.initial === undefined ? 'and nothing' : `'${command.initial}'`}`;
    default:
      return command.verb;
  }
}

function table(rows: readonly (readonly [line: string, reading: string])[]): void {
  for (const [line, reading] of rows) {
    it(`${JSON.stringify(line.length > 80 ? `${line.slice(0, 60)}... (${line.length})` : line)}: ${reading}`, () => {
      assert.equal(read(line), reading);
    });
  }
}

describe('commands without parameters', () => {
  table([
    ['DATA', 'DATA'],
    ['data', 'DATA'],
    ['RSET', 'RSET'],
    ['QUIT', 'QUIT'],
    ['StartTLS', 'STARTTLS'],
    ['NOOP', 'NOOP'],
    ['NOOP any string', 'NOOP'],
    ['HELP', 'HELP'],
    ['HELP MAIL', 'HELP'],
    ['VRFY Smith', 'VRFY'],
    ['EXPN list', 'EXPN'],
    ['VRFY', '501 5.5.4'],
    ['EXPN ', '501 5.5.4'],
    ['DATA now', '501 5.5.4'],
    ['RSET x', '501 5.5.4'],
    ['QUIT x', '501 5.5.4'],
    ['STARTTLS tls', '501 5.5.4'],
  ]);

  it('RFC 5321 §4.1.1: receivers "SHOULD tolerate trailing white space before the terminating <CRLF>"', () => {
    for (const line of ['DATA ', 'QUIT\t', 'RSET  \t ', 'STARTTLS ']) assert.equal(read(line), line.trim());
    assert.equal(read('EHLO client.example.test '), 'EHLO client.example.test');
    assert.equal(read('MAIL FROM:<a@example.test> '), 'MAIL a@example.test unsized');
  });
});

describe('what is no command', () => {
  table([
    ['', 'unknown'],
    [' NOOP', 'unknown'],
    ['\tNOOP', 'unknown'],
    ['NOOP\tx', 'unknown'],
    ['XFORWARD NAME=x', 'unknown'],
    ['BDATX 10', 'unknown'],
    ['DATA\0', 'unknown'],
    ['\xe9', 'unknown'],
    ['STARTTLSX', 'unknown'],
    ['constructor', 'unknown'],
  ]);
});

describe('cross-protocol attacks (ALPACA): a request of HTTP is known as one', () => {
  table(
    ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PRI', 'post'].map(
      (verb) => [`${verb} / HTTP/1.1`, 'HTTP'],
    ),
  );
});

describe('EHLO and HELO, RFC 5321 §4.1.1.1', () => {
  table([
    ['EHLO client.example.test', 'EHLO client.example.test'],
    ['helo Client.Example.TEST', 'HELO Client.Example.TEST'],
    ['EHLO [192.0.2.1]', 'EHLO [192.0.2.1]'],
    ['EHLO [IPv6:2001:db8::1]', 'EHLO [IPv6:2001:db8::1]'],
    ['EHLO my_pc', 'EHLO my_pc'],
    ['EHLO 192.0.2.1', 'EHLO 192.0.2.1'],
    ['EHLO', '501 5.5.4'],
    ['HELO ', '501 5.5.4'],
    ['EHLO a b', '501 5.5.2'],
    ['EHLO (comment)', '501 5.5.2'],
    ['EHLO a;b', '501 5.5.2'],
    ['EHLO <a>', '501 5.5.2'],
    [`EHLO ${'x'.repeat(256)}`, '501 5.5.2'],
    ['EHLO m\xfcnchen.example.test', '501 5.5.2'],
    ['EHLO m\xfcnchen.test/;by evil', '501 5.5.2'],
  ]);
});

describe('MAIL, RFC 5321 §4.1.1.2', () => {
  table([
    ['MAIL FROM:<a@example.test>', 'MAIL a@example.test unsized'],
    ['mail from:<a@example.test>', 'MAIL a@example.test unsized'],
    ['MAIL FROM: <a@example.test>', 'MAIL a@example.test unsized'],
    ['MAIL FROM:<>', 'MAIL <> unsized'],
    ['MAIL FROM:<"a>b"@example.test>', 'MAIL "a>b"@example.test unsized'],
    [String.raw`MAIL FROM:<"a\">b"@example.test> SIZE=1`, String.raw`MAIL "a\">b"@example.test 1`],
    ['MAIL FROM:<@r.test:a@example.test>', 'MAIL a@example.test unsized'],
    ['MAIL FROM:<@r.test,@s.test:a@example.test>', 'MAIL a@example.test unsized'],
    ['MAIL FROM:<@r.test:>', '501 5.1.7'],
    ['MAIL FROM:<a@[192.0.2.1]>', 'MAIL a@[192.0.2.1] unsized'],
    ['MAIL FROM:a@example.test', '501 5.5.4'],
    ['MAIL FROM:  <a@example.test>', '501 5.5.4'],
    ['MAIL FROM <a@example.test>', '501 5.5.4'],
    ['MAIL TO:<a@example.test>', '501 5.5.4'],
    ['MAIL', '501 5.5.4'],
    ['MAIL FROM:', '501 5.5.4'],
    ['MAIL FROM:<a@example.test', '501 5.5.4'],
    ['MAIL FROM:<"a@example.test>', '501 5.5.4'],
    ['MAIL FROM:<a@example.test>SIZE=1', '501 5.5.4'],
    ['MAIL FROM:<a@example.test>> SIZE=1', '501 5.5.4'],
    ['MAIL FROM:<a>', '501 5.1.7'],
    ['MAIL FROM:<a b@example.test>', '501 5.1.7'],
    ['MAIL FROM:<postmaster>', '501 5.1.7'],
    ['MAIL FROM:<m\xfcller@example.test>', '553 5.6.7'],
    [`MAIL FROM:<${'a'.repeat(65)}@example.test>`, '501 5.1.7'],
  ]);
});

describe('parameters of MAIL: RFC 1870 §6, RFC 6152 §2, RFC 5321 §4.1.1.11', () => {
  const mail = (parameters: string): string => `MAIL FROM:<> ${parameters}`;
  table([
    [mail('SIZE=0'), 'MAIL <> 0'],
    [mail('size=1000 body=8bitmime'), 'MAIL <> 1000'],
    [mail(' SIZE=1  BODY=7BIT '), 'MAIL <> 1'],
    [mail(`SIZE=${'9'.repeat(20)}`), 'MAIL <> 100000000000000000000'],
    [mail(`SIZE=${'9'.repeat(21)}`), '501 5.5.4'],
    [mail('SIZE'), '501 5.5.4'],
    [mail('SIZE='), '501 5.5.4'],
    [mail('SIZE=-1'), '501 5.5.4'],
    [mail('SIZE=1e9'), '501 5.5.4'],
    [mail('BODY'), '501 5.5.4'],
    [mail('BODY=BINARYMIME'), '555 5.5.4'],
    [mail('SIZE=1 SIZE=1'), '501 5.5.4'],
    [mail('SIZE=1 size=2'), '501 5.5.4'],
    [mail('BODY=BINARY'), '501 5.5.4'],
    [mail('SMTPUTF8'), 'MAIL <> unsized SMTPUTF8'],
    [mail('smtputf8=1'), '501 5.5.4'],
    [mail('REQUIRETLS'), 'MAIL <> unsized REQUIRETLS'],
    [mail('REQUIRETLS=1'), '501 5.5.4'],
    [mail('AUTH=<>'), 'MAIL <> unsized'],
    [mail('AUTH='), '501 5.5.4'],
    [mail('AUTH'), '501 5.5.4'],
    [mail('MT-PRIORITY=3'), '555 5.5.4'],
    [mail('=1'), '501 5.5.4'],
    [mail('a=b=c'), '501 5.5.4'],
    [mail('a_b'), '501 5.5.4'],
    [mail('SIZE=1\t'), 'MAIL <> 1'],
    [mail('SIZE=1\tBODY=7BIT'), '501 5.5.4'],
    [mail('X=\xe9'), '501 5.5.4'],
  ]);
});

describe('RCPT, RFC 5321 §4.1.1.3', () => {
  table([
    ['RCPT TO:<b@Example.Test>', 'RCPT b@example.test'],
    ['RCPT TO:<postmaster>', 'RCPT postmaster'],
    ['RCPT TO:<POSTMASTER>', 'RCPT postmaster'],
    ['RCPT TO:<postmaster@example.test>', 'RCPT postmaster@example.test'],
    ['RCPT TO:<@r.test:b@example.test>', 'RCPT b@example.test'],
    ['RCPT TO:<>', '501 5.1.3'],
    ['RCPT TO:<@r.test:>', '501 5.1.3'],
    ['RCPT TO:<b>', '501 5.1.3'],
    ['RCPT TO:<b@>', '501 5.1.3'],
    ['RCPT FROM:<b@example.test>', '501 5.5.4'],
    ['RCPT TO:<b@example.test> NOTIFY=NEVER', 'RCPT b@example.test'],
    ['RCPT TO:<b@example.test> RRVS=2014-04-03T23:01:00Z', '555 5.5.4'],
    ['RCPT TO:<b@example.test> x x', '501 5.5.4'],
    ['RCPT TO:<b@ex\xe4mple.test>', '553 5.6.7'],
  ]);
});

describe('BDAT, RFC 3030 §2', () => {
  table([
    ['BDAT 10', 'BDAT 10'],
    ['bdat 0 last', 'BDAT 0 last'],
    ['BDAT 10 LAST ', 'BDAT 10 last'],
    ['BDAT 00010', 'BDAT 10'],
    ['BDAT', 'BDAT null'],
    ['BDAT -1', 'BDAT null'],
    ['BDAT 1e3', 'BDAT null'],
    ['BDAT 0x10', 'BDAT null'],
    ['BDAT  10', 'BDAT null'],
    ['BDAT 10 LAST x', 'BDAT null'],
    ['BDAT 10 FIRST', 'BDAT null'],
    [`BDAT ${'9'.repeat(21)}`, 'BDAT null'],
  ]);
});

describe('AUTH, RFC 4954 §4', () => {
  table([
    ['AUTH PLAIN', 'AUTH PLAIN and nothing'],
    ['auth scram-sha-256 AAAA', "AUTH SCRAM-SHA-256 'AAAA'"],
    ['AUTH PLAIN =', "AUTH PLAIN ''"],
    ['AUTH X_Y-9 ab==', "AUTH X_Y-9 'ab=='"],
    ['AUTH', '501 5.5.4'],
    ['AUTH PLAIN AA AA', '501 5.5.4'],
    ['AUTH PLAIN a===', '501 5.5.4'],
    ['AUTH PLAIN a!', '501 5.5.4'],
    ['AUTH =', '501 5.5.4'],
    [`AUTH ${'X'.repeat(21)}`, '501 5.5.4'],
    ['AUTH PL\xc3\x84IN', '501 5.5.4'],
  ]);
});

describe('SMTPUTF8, RFC 6531', () => {
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
  const rcpt = (line: string): string => {
    const parsed = parseCommand(line, true);
    return parsed.kind === 'command' ? describeCommand(parsed.command) : parsed.kind;
  };

  it('addresses in UTF-8, with the parameter wherever it stands', () => {
    assert.equal(
      read(utf8('MAIL FROM:<j\u00f6rg@b\u00fccher.test> SIZE=1 smtputf8')),
      'MAIL j\u00f6rg@xn--bcher-kva.test 1 SMTPUTF8',
    );
    assert.equal(rcpt(utf8('RCPT TO:<"\u5973 x"@example.test>')), 'RCPT "\u5973 x"@example.test');
    assert.equal(rcpt('RCPT TO:<postmaster>'), 'RCPT postmaster');
  });

  table([
    [utf8('MAIL FROM:<j\u00f6rg@example.test>'), '553 5.6.7'],
    [utf8('RCPT TO:<j\u00f6rg@example.test>'), '553 5.6.7'],
    ['MAIL FROM:<j\xf6rg@example.test> SMTPUTF8', '501 5.1.7'],
    ['MAIL FROM:<\xed\xa0\x80@example.test> SMTPUTF8', '501 5.1.7'],
    ['MAIL FROM:<\xc0\xaf@example.test> SMTPUTF8', '501 5.1.7'],
    [utf8('MAIL FROM:<a\u0085b@example.test> SMTPUTF8'), '501 5.1.7'],
    [utf8('MAIL FROM:<a@ex\u0085mple.test> SMTPUTF8'), '501 5.1.7'],
    [utf8(`MAIL FROM:<${'\u00f6'.repeat(33)}@example.test> SMTPUTF8`), '501 5.1.7'],
    [utf8('MAIL FROM:<> SMTPUTF8 \u00f6=1'), '501 5.5.4'],
    [utf8('VRFY j\u00f6rg'), '553 5.6.7'],
    [utf8('VRFY j\u00f6rg SMTPUTF8'), 'VRFY'],
    ['VRFY j\xf6rg SMTPUTF8', '553 5.6.7'],
    [utf8('EXPN j\u00f6rg smtputf8'), 'EXPN'],
  ]);
});

describe('parseCommand', () => {
  const words = [
    'MAIL FROM:',
    'RCPT TO:',
    'EHLO ',
    'STARTTLS',
    '<',
    '>',
    '"',
    '\\',
    '@',
    'a',
    '.test',
    ' ',
    'SIZE=',
    '=',
    '9',
    ' SMTPUTF8',
    'NOTIFY=',
    'NEVER',
    'ORCPT=utf-8;',
    'BDAT ',
    'AUTH PLAIN ',
    '\xc3\xb6',
  ];
  const lines = fc.oneof(
    fc
      .array(fc.constantFrom(...words, '\t', '\xff', '[', ']', ':', ',', 'IPv6:'), { maxLength: 16 })
      .map((parts) => parts.join('')),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );

  it('any line: it never throws, and what it took for an address is one that can be sent on', () => {
    fc.assert(
      fc.property(lines, (line) => {
        const parsed = parseCommand(line);
        if (parsed.kind !== 'command') return;
        const { command } = parsed;
        if (command.verb === 'RCPT' && command.recipient !== 'postmaster') {
          assert.match(command.recipient.text, /^[\x20-\x7e]+@[\x21-\x7e]+$/);
          assert.equal(read(`RCPT TO:<${command.recipient.text}>`), `RCPT ${command.recipient.text}`);
        }
        if (command.verb === 'EHLO') assert.match(command.name, /^[A-Za-z0-9._:[\]-]{1,255}$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('with SMTPUTF8: what it took for an address is one that can be sent on with it', () => {
    fc.assert(
      fc.property(lines, (line) => {
        const parsed = parseCommand(`RCPT TO:<${line}@b.test>`, true);
        if (parsed.kind !== 'command' || parsed.command.verb !== 'RCPT') return;
        const { recipient, wishes } = parsed.command;
        if (recipient === 'postmaster') return;
        assert.match(recipient.text, /^[\x20-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+@[\x21-\x7e]+$/u);
        assert.ok(Buffer.byteLength(recipient.text) <= 254);
        assert.match(wishes.originalRecipient ?? '', /^[\x21-\x7e]{0,500}$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('is linear in the length of the line', () => {
    const start = performance.now();
    for (const part of ['"', '\\', '<', ' ', '@a,', 'a=b ', '>', ':', '.', 'a.']) {
      for (const begin of ['MAIL FROM:<', 'RCPT TO:<> ', 'EHLO ', ''])
        parseCommand(`${begin}${part.repeat(50_000)}`);
    }
    assert.ok(performance.now() - start < 2_000);
  });
});

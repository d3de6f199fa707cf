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
      return `MAIL ${command.sender?.text ?? '<>'} ${command.size ?? 'unsized'} ${command.body}`;
    case 'RCPT':
      return `RCPT ${command.recipient === 'postmaster' ? 'postmaster' : command.recipient.text}`;
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
    ['AUTH PLAIN x', 'AUTH'],
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
    assert.equal(read('MAIL FROM:<a@example.test> '), 'MAIL a@example.test unsized 7BIT');
  });
});

describe('what is no command', () => {
  table([
    ['', 'unknown'],
    [' NOOP', 'unknown'],
    ['\tNOOP', 'unknown'],
    ['NOOP\tx', 'unknown'],
    ['XCLIENT NAME=x', 'unknown'],
    ['BDAT 10 LAST', 'unknown'],
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
    ['MAIL FROM:<a@example.test>', 'MAIL a@example.test unsized 7BIT'],
    ['mail from:<a@example.test>', 'MAIL a@example.test unsized 7BIT'],
    ['MAIL FROM: <a@example.test>', 'MAIL a@example.test unsized 7BIT'],
    ['MAIL FROM:<>', 'MAIL <> unsized 7BIT'],
    ['MAIL FROM:<"a>b"@example.test>', 'MAIL "a>b"@example.test unsized 7BIT'],
    [String.raw`MAIL FROM:<"a\">b"@example.test> SIZE=1`, String.raw`MAIL "a\">b"@example.test 1 7BIT`],
    ['MAIL FROM:<@r.test:a@example.test>', 'MAIL a@example.test unsized 7BIT'],
    ['MAIL FROM:<@r.test,@s.test:a@example.test>', 'MAIL a@example.test unsized 7BIT'],
    ['MAIL FROM:<@r.test:>', '501 5.1.7'],
    ['MAIL FROM:<a@[192.0.2.1]>', 'MAIL a@[192.0.2.1] unsized 7BIT'],
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
    [mail('SIZE=0'), 'MAIL <> 0 7BIT'],
    [mail('size=1000 body=8bitmime'), 'MAIL <> 1000 8BITMIME'],
    [mail(' SIZE=1  BODY=7BIT '), 'MAIL <> 1 7BIT'],
    [mail(`SIZE=${'9'.repeat(20)}`), 'MAIL <> 100000000000000000000 7BIT'],
    [mail(`SIZE=${'9'.repeat(21)}`), '501 5.5.4'],
    [mail('SIZE'), '501 5.5.4'],
    [mail('SIZE='), '501 5.5.4'],
    [mail('SIZE=-1'), '501 5.5.4'],
    [mail('SIZE=1e9'), '501 5.5.4'],
    [mail('BODY'), '501 5.5.4'],
    [mail('BODY=BINARYMIME'), '501 5.5.4'],
    [mail('SIZE=1 SIZE=1'), '501 5.5.4'],
    [mail('SIZE=1 size=2'), '501 5.5.4'],
    [mail('SMTPUTF8'), '555 5.5.4'],
    [mail('RET=FULL'), '555 5.5.4'],
    [mail('REQUIRETLS'), '555 5.5.4'],
    [mail('AUTH=<>'), '555 5.5.4'],
    [mail('=1'), '501 5.5.4'],
    [mail('a=b=c'), '501 5.5.4'],
    [mail('a_b'), '501 5.5.4'],
    [mail('SIZE=1\t'), 'MAIL <> 1 7BIT'],
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
    ['RCPT TO:<b@example.test> NOTIFY=NEVER', '555 5.5.4'],
    ['RCPT TO:<b@example.test> ORCPT=x NOTIFY=NEVER', '555 5.5.4'],
    ['RCPT TO:<b@example.test> x x', '501 5.5.4'],
    ['RCPT TO:<b@ex\xe4mple.test>', '553 5.6.7'],
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

  it('is linear in the length of the line', () => {
    const start = performance.now();
    for (const part of ['"', '\\', '<', ' ', '@a,', 'a=b ', '>', ':', '.', 'a.']) {
      for (const begin of ['MAIL FROM:<', 'RCPT TO:<> ', 'EHLO ', ''])
        parseCommand(`${begin}${part.repeat(50_000)}`);
    }
    assert.ok(performance.now() - start < 2_000);
  });
});
